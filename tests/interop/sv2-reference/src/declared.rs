//! Job declaration in coinbase-only mode, as the reference's job declarator client does it: a token, a block that the
//! miner has put together, its shares; and the block, which the miner itself gives to the node.
use std::io::Write;

use stratum_core::bitcoin::consensus::encode::{deserialize, serialize};
use stratum_core::bitcoin::{Amount, TxOut};
use stratum_core::channels_sv2::chain_tip::ChainTip;
use stratum_core::common_messages_sv2::Protocol;
use stratum_core::job_declaration_sv2::AllocateMiningJobTokenOwned;
use stratum_core::mining_sv2::*;
use stratum_core::parsers_sv2::{AnyMessageOwned, CommonMessagesOwned, JobDeclarationOwned};

use crate::channels::{text, Work};
use crate::peer::Peer;
use crate::{held, set_up};

struct Declarator {
    tokens: Peer,
    user: String,
    requests: u32,
}

impl Declarator {
    fn new(address: &str, authority: &str, user: &str) -> Self {
        let mut tokens = Peer::connect(address, authority);
        match tokens.setup(Protocol::JobDeclarationProtocol, (2, 2), 0) {
            CommonMessagesOwned::SetupConnectionSuccess(success) => assert_eq!(success.flags, 0),
            other => panic!("setup refused: {other:?}"),
        }
        Self { tokens, user: user.to_string(), requests: 0 }
    }

    /// A token, and what the pool wants in the coinbase.
    fn token(&mut self) -> (Vec<u8>, Vec<TxOut>) {
        self.requests += 1;
        self.tokens.send(AnyMessageOwned::JobDeclaration(JobDeclarationOwned::AllocateMiningJobToken(
            AllocateMiningJobTokenOwned { user_identifier: text(&self.user), request_id: self.requests },
        )));
        match self.tokens.next() {
            AnyMessageOwned::JobDeclaration(JobDeclarationOwned::AllocateMiningJobTokenSuccess(success)) => {
                assert_eq!(success.request_id, self.requests);
                let outputs: Vec<TxOut> = deserialize(success.coinbase_outputs.as_bytes()).expect("outputs");
                assert!(outputs.iter().all(|output| output.value == Amount::ZERO));
                (success.mining_job_token.as_bytes().to_vec(), outputs)
            }
            other => panic!("no token: {other:?}"),
        }
    }

    /// An empty block on the pool's tip. Height, reward and witness commitment are read out of the pool's own job, in
    /// place of a template provider.
    fn block(&mut self, channel: u32, pools: &NewExtendedMiningJobOwned, tip: &ChainTip) -> SetCustomMiningJobOwned {
        const SCRIPT: usize = 4 + 1 + 36 + 1; // version, count, null outpoint, length
        let script = &pools.coinbase_tx_prefix.as_bytes()[SCRIPT..];
        let height = if script[0] <= 75 { &script[..1 + script[0] as usize] } else { &script[..1] };
        let suffix = pools.coinbase_tx_suffix.as_bytes();
        let theirs: Vec<TxOut> = deserialize(&suffix[4..suffix.len() - 4]).expect("outputs");
        let (token, mut outputs) = self.token();
        assert_eq!(outputs[0].script_pubkey, theirs[0].script_pubkey, "the payout is the pool's own");
        outputs[0].value = theirs[0].value;
        outputs.push(theirs.last().unwrap().clone());
        outputs.reverse(); // any order will do
        SetCustomMiningJobOwned {
            channel_id: channel,
            request_id: 0,
            token: token.try_into().unwrap(),
            version: pools.version,
            prev_hash: tip.prev_hash(),
            min_ntime: tip.min_ntime(),
            nbits: tip.nbits(),
            coinbase_tx_version: 2,
            coinbase_prefix: [height, b"\x06mine!\x00"].concat().try_into().unwrap(),
            coinbase_tx_input_n_sequence: 0xffff_ffff,
            coinbase_tx_outputs: serialize(&outputs).try_into().unwrap(),
            coinbase_tx_locktime: 0,
            merkle_path: Vec::new().try_into().unwrap(),
        }
    }
}

pub fn jobs_of_a_miners_own(address: &str, authority: &str, user: &str) {
    let mut watching = Work::new(set_up(address, authority, 0)); // tells the tip, as a template provider would
    let watched = watching.open_extended(user);
    let (pools, tip) = watching.pools_job(watched);
    let mut declarator = Declarator::new(address, authority, user);

    let mut peer = Peer::connect(address, authority);
    match peer.setup(Protocol::MiningProtocol, (2, 2), 2) {
        CommonMessagesOwned::SetupConnectionSuccess(success) => assert_eq!(success.flags, 2, "extended channels only"),
        other => panic!("setup refused: {other:?}"),
    }
    let mut work = Work::new(peer);
    let channel = work.open_extended_without_work(user);

    let mut forged = declarator.block(channel, &pools, &tip);
    let mut token = forged.token.as_bytes().to_vec();
    token[9] ^= 1;
    forged.token = token.try_into().unwrap();
    assert_eq!(work.declare(forged, &tip), Err(ERROR_CODE_SET_CUSTOM_MINING_JOB_INVALID_MINING_JOB_TOKEN.into()));
    let mut easy = declarator.block(channel, &pools, &tip);
    easy.nbits -= 1;
    assert_eq!(work.declare(easy, &tip), Err(ERROR_CODE_SET_CUSTOM_MINING_JOB_INVALID_NBITS.into()));
    let mut greedy = declarator.block(channel, &pools, &tip);
    let mut outputs: Vec<TxOut> = deserialize(greedy.coinbase_tx_outputs.as_bytes()).unwrap();
    outputs.last_mut().unwrap().value -= Amount::from_sat(1); // the payout, see block()
    greedy.coinbase_tx_outputs = serialize(&outputs).try_into().unwrap();
    assert_eq!(work.declare(greedy, &tip), Err(ERROR_CODE_SET_CUSTOM_MINING_JOB_INVALID_COINBASE_TX_OUTPUTS.into()));
    held("custom jobs that are refused: a forged token, another target, less than the subsidy");

    let job = declarator.block(channel, &pools, &tip);
    assert_eq!(work.declare(job.clone(), &tip), Ok(()));
    work.share_is_accepted(channel);
    work.negative_set(channel);
    assert_eq!(work.declare(job, &tip), Err(ERROR_CODE_SET_CUSTOM_MINING_JOB_INVALID_MINING_JOB_TOKEN.into()));
    held("a custom job: its shares, the negative set; its token is good once");

    println!("block {}", work.block(channel));
    std::io::stdout().flush().unwrap();
    watching.until_another_tip(watched, &tip); // somebody gives it to the node
    work.share_is_stale(channel);
    let late = declarator.block(channel, &pools, &tip);
    assert_eq!(work.declare(late, &tip), Err(ERROR_CODE_SET_CUSTOM_MINING_JOB_STALE_CHAIN_TIP.into()));
    let (pools, tip) = watching.pools_job(watched);
    let next = declarator.block(channel, &pools, &tip);
    assert_eq!(work.declare(next, &tip), Ok(()));
    work.share_is_accepted(channel);
    held("a custom job's block is the node's tip; the old job is stale, one on the new tip is taken");
}
