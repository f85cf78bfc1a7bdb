//! A connection to the pool: the reference's own Noise, framing and parsing over a blocking socket.
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use stratum_core::bitcoin::base58;
use stratum_core::codec_sv2::state::{TransportDecryptState, TransportEncryptState};
use stratum_core::codec_sv2::{Decrypted, Handshake, MessageFrame, NoiseDecoder, NoiseEncoder};
use stratum_core::common_messages_sv2::{Protocol, SetupConnectionOwned};
use stratum_core::extensions_sv2::{RequestExtensionsOwned, UserIdentity};
use stratum_core::framing_sv2::framing::SerializedFrame;
use stratum_core::noise_sv2::Initiator;
use stratum_core::parsers_sv2::{
    AnyMessage, AnyMessageOwned, CommonMessagesOwned, ExtensionsNegotiationOwned, ExtensionsOwned,
    MiningOwned, TlvField, TlvList,
};

pub struct Peer {
    stream: TcpStream,
    encrypt: TransportEncryptState,
    decrypt: Option<TransportDecryptState>,
    encoder: NoiseEncoder,
    decoder: NoiseDecoder,
}

fn text(value: &str) -> stratum_core::binary_sv2::Str0255Owned {
    value.as_bytes().to_vec().try_into().expect("short")
}

impl Peer {
    /// Connects and shakes hands; the reference checks our certificate against `authority`.
    pub fn connect(address: &str, authority: &str) -> Self {
        let key = base58::decode_check(authority).expect("base58check");
        let key: [u8; 32] = key[2..].try_into().expect("an x-only key");
        let mut stream = TcpStream::connect(address).expect("the pool listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_nodelay(true).unwrap();

        let initiator = Initiator::from_raw_k(key).expect("a valid key");
        let (first, sent) = Handshake::initiator(initiator).step_0().expect("act 1");
        stream.write_all(first.payload()).unwrap();
        let mut second = [0u8; 234];
        stream.read_exact(&mut second).expect("act 2");
        let transport = sent.step_2(second).expect("the reference accepts our act 2");
        let (encrypt, decrypt) = transport.split();
        Self {
            stream,
            encrypt,
            decrypt: Some(decrypt),
            encoder: NoiseEncoder::new(),
            decoder: NoiseDecoder::new(),
        }
    }

    pub fn send(&mut self, message: AnyMessageOwned) {
        let frame: MessageFrame<AnyMessageOwned> = message.try_into().expect("a frame");
        let bytes = self.encoder.encode_transport(frame, &mut self.encrypt).expect("encoded");
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    pub fn mining(&mut self, message: MiningOwned) {
        self.send(AnyMessageOwned::Mining(message));
    }

    /// With the name of the worker behind it (extension 0x0002), as the reference writes it.
    pub fn mining_of(&mut self, message: MiningOwned, worker: &str) {
        let name = UserIdentity::new(worker).expect("short").to_tlv().expect("a field");
        let fields = TlvList::from_slice(&[name]).expect("a list");
        let frame = fields.build_frame_bytes_with_tlvs(message).expect("a frame");
        let frame = SerializedFrame::from_bytes(frame).expect("a whole one");
        let bytes = self.encoder.encode_transport(frame, &mut self.encrypt).expect("encoded");
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// The next message; a message that the reference can not parse is our bug.
    pub fn next(&mut self) -> AnyMessageOwned {
        let mut frame = loop {
            let writable = self.decoder.writable();
            self.stream.read_exact(writable).expect("the pool still talks");
            let state = self.decrypt.take().expect("always put back");
            match self.decoder.next_transport_frame(state).expect("the reference decrypts it") {
                Decrypted::Frame(frame, state) => {
                    self.decrypt = Some(state);
                    break frame;
                }
                Decrypted::Incomplete(_, state) => self.decrypt = Some(state),
            }
        };
        let header = frame.header();
        AnyMessage::try_from((header, frame.payload())).expect("the reference parses it").into_owned()
    }

    /// True when the pool has hung up; false when the read times out.
    pub fn closed(&mut self) -> bool {
        let mut byte = [0u8; 1];
        match self.stream.read(&mut byte) {
            Ok(read) => read == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }

    pub fn setup(&mut self, protocol: Protocol, versions: (u16, u16), flags: u32) -> CommonMessagesOwned {
        self.send(AnyMessageOwned::Common(CommonMessagesOwned::SetupConnection(SetupConnectionOwned {
            protocol,
            min_version: versions.0,
            max_version: versions.1,
            flags,
            endpoint_host: text("127.0.0.1"),
            endpoint_port: 3333,
            vendor: text("sv2-reference"),
            hardware_version: text("crates"),
            firmware: text("0.6.0"),
            device_id: text(""),
        })));
        match self.next() {
            AnyMessageOwned::Common(message) => message,
            other => panic!("no answer to SetupConnection: {other:?}"),
        }
    }

    pub fn negotiate(&mut self, wanted: &[u16]) -> ExtensionsNegotiationOwned {
        self.send(AnyMessageOwned::Extensions(ExtensionsOwned::ExtensionsNegotiation(
            ExtensionsNegotiationOwned::RequestExtensions(RequestExtensionsOwned {
                request_id: 7,
                requested_extensions: wanted.to_vec().try_into().unwrap(),
            }),
        )));
        match self.next() {
            AnyMessageOwned::Extensions(ExtensionsOwned::ExtensionsNegotiation(message)) => message,
            other => panic!("no answer to RequestExtensions: {other:?}"),
        }
    }
}
