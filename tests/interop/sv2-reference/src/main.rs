//! sv2-reference HOST:PORT AUTHORITY USER: talks to a pool on regtest as the reference's clients do, and panics at the
//! first thing that the reference's crates or the specification do not allow. Prints what was held; exits 0 at the end.
mod channels;
mod declared;
mod peer;

use channels::{Standing, Work};
use peer::Peer;
use stratum_core::common_messages_sv2::Protocol;
use stratum_core::mining_sv2::{CloseChannelOwned, UpdateChannelOwned};
use stratum_core::parsers_sv2::{CommonMessagesOwned, ExtensionsNegotiationOwned, MiningOwned};

pub fn held(what: &str) {
    println!("ok {what}");
}

pub fn set_up(address: &str, authority: &str, flags: u32) -> Peer {
    let mut peer = Peer::connect(address, authority);
    match peer.setup(Protocol::MiningProtocol, (2, 2), flags) {
        CommonMessagesOwned::SetupConnectionSuccess(success) => assert_eq!(success.used_version, 2),
        other => panic!("setup refused: {other:?}"),
    }
    peer
}

fn setups_that_are_refused(address: &str, authority: &str) {
    let refusals = [
        (Protocol::TemplateDistributionProtocol, (2, 2), 0, "unsupported-protocol", 0),
        (Protocol::MiningProtocol, (3, 4), 0, "protocol-version-mismatch", 0),
        (Protocol::MiningProtocol, (2, 2), 1 << 31, "unsupported-feature-flags", 1 << 31),
        (Protocol::JobDeclarationProtocol, (2, 2), 1, "unsupported-feature-flags", 1), // full-template mode
    ];
    for (protocol, versions, flags, code, refused) in refusals {
        let mut peer = Peer::connect(address, authority);
        match peer.setup(protocol, versions, flags) {
            CommonMessagesOwned::SetupConnectionError(error) => {
                assert_eq!(error.error_code.as_bytes(), code.as_bytes());
                assert_eq!(error.flags, refused);
            }
            other => panic!("{code} expected: {other:?}"),
        }
        // sv2-apps#876: what follows a refusal must hurt nobody.
        peer.mining(MiningOwned::CloseChannel(CloseChannelOwned { channel_id: 1, reason_code: channels::text("") }));
        peer.mining(MiningOwned::CloseChannel(CloseChannelOwned { channel_id: 1, reason_code: channels::text("") }));
        assert!(peer.closed());
    }
    held("refused setups, and frames after them");
}

fn an_extended_channel(address: &str, authority: &str, user: &str) {
    let mut peer = set_up(address, authority, 0);
    match peer.negotiate(&[2, 0x4242]) {
        ExtensionsNegotiationOwned::RequestExtensionsSuccess(success) => {
            assert_eq!(success.supported_extensions.as_slice(), &[2]);
        }
        other => panic!("extension 2 is ours: {other:?}"),
    }
    match peer.negotiate(&[0x4242]) {
        ExtensionsNegotiationOwned::RequestExtensionsError(error) => {
            assert_eq!(error.unsupported_extensions.as_slice(), &[0x4242]);
        }
        other => panic!("nobody knows 0x4242: {other:?}"),
    }
    held("extension negotiation");

    let mut work = Work::new(peer);
    let channel = work.open_extended(user);
    held("open extended, its job and new prevhash");
    work.share_is_accepted(channel);
    held("extended: a share that the reference calls valid is acknowledged");
    work.worker = Some("behind".to_string());
    work.share_is_accepted(channel);
    work.worker = None;
    held("extended: a share with its worker's name behind it");
    work.negative_set(channel);
    held("extended: duplicate, bad job, wrong channel, wrong extranonce size, bad version bits, old time");
    work.block_is_accepted(channel);
    held("extended: a block, a new tip, and the old job's share is stale");

    let target = work.tighten(channel, 200);
    work.block_is_accepted(channel); // the tighter target holds from the next job on
    work.low_difficulty(channel, target);
    work.share_is_accepted(channel);
    held("UpdateChannel: a tighter target, frozen into the next job");
    work.peer.mining(MiningOwned::UpdateChannel(UpdateChannelOwned {
        channel_id: channel,
        nominal_hash_rate: -1.0,
        maximum_target: [0xff; 32].into(),
    }));
    work.until_update_error("invalid-nominal-hashrate");
    work.close(channel);
    held("CloseChannel: its shares are refused");
}

fn standard_jobs_only(address: &str, authority: &str, user: &str) {
    let mut work = Work::new(set_up(address, authority, 1));
    work.open_extended_is_refused(user, "extended-channels-not-supported-for-standard-jobs");
    let channel = work.open_standard(user);
    work.share_is_accepted(channel);
    work.negative_set(channel);
    work.block_is_accepted(channel);
    work.share_is_accepted(channel);
    held("standard jobs only: share, negative set, block, share on the new tip");
}

fn three_in_a_group(address: &str, authority: &str, user: &str) {
    let mut work = Work::new(set_up(address, authority, 0));
    let channels = [work.open_extended(user), work.open_standard(user), work.open_extended(user)];
    for channel in channels {
        work.share_is_accepted(channel);
    }
    work.block_is_accepted(channels[0]);
    work.until_group_job(); // the full job behind the tip, at the latest
    for channel in channels {
        work.share_is_accepted(channel);
    }
    held("three channels in a group: each mines on the group's job");
    work.negative_set(channels[1]);
    work.negative_set(channels[2]);
    held("in a group: the negative set on a standard and an extended channel");
    assert_eq!(work.standing(channels[0]), Standing::Open);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, authority, user] = &arguments[..] else {
        panic!("sv2-reference HOST:PORT AUTHORITY USER");
    };
    setups_that_are_refused(address, authority);
    an_extended_channel(address, authority, user);
    standard_jobs_only(address, authority, user);
    three_in_a_group(address, authority, user);
    declared::jobs_of_a_miners_own(address, authority, user);
    println!("all held");
}
