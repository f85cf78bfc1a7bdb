//! Channels as the reference's clients keep them, and what is done with them.
use std::collections::HashMap;

use stratum_core::binary_sv2::Str0255Owned;
use stratum_core::bitcoin::blockdata::block::{Header, Version};
use stratum_core::bitcoin::hashes::Hash;
use stratum_core::bitcoin::consensus::encode::{deserialize, serialize_hex};
use stratum_core::bitcoin::{Block, BlockHash, CompactTarget, Target, Transaction, TxMerkleNode};
use stratum_core::channels_sv2::chain_tip::ChainTip;
use stratum_core::channels_sv2::client::extended::ExtendedChannel;
use stratum_core::channels_sv2::client::group::GroupChannel;
use stratum_core::channels_sv2::client::standard::StandardChannel;
use stratum_core::channels_sv2::extranonce_manager::ExtranoncePrefix;
use stratum_core::channels_sv2::merkle_root::merkle_root_from_path;
use stratum_core::mining_sv2::*;
use stratum_core::parsers_sv2::{AnyMessageOwned, MiningOwned};

use crate::peer::Peer;

pub fn text(value: &str) -> Str0255Owned {
    value.as_bytes().to_vec().try_into().expect("short")
}

enum Channel {
    Extended(ExtendedChannel),
    Standard(StandardChannel),
}

#[derive(PartialEq, Debug)]
pub enum Standing {
    Open,
    Closed,
}

/// What a share for the channel's job is made of.
#[derive(Clone)]
struct Template {
    job: u32,
    version: u32,
    previous: [u8; 32],
    time: u32,
    bits: u32,
    root: [u8; 32],
    rolled: Option<Vec<u8>>,
    target: Target,
}

impl Template {
    fn header(&self, version: u32, time: u32, nonce: u32) -> Header {
        Header {
            version: Version::from_consensus(version as i32),
            prev_blockhash: BlockHash::from_byte_array(self.previous),
            merkle_root: TxMerkleNode::from_byte_array(self.root),
            time,
            bits: CompactTarget::from_consensus(self.bits),
            nonce,
        }
    }
    fn hash(&self, version: u32, time: u32, nonce: u32) -> Target {
        Target::from_le_bytes(self.header(version, time, nonce).block_hash().to_byte_array())
    }
    fn network(&self) -> Target {
        Target::from_compact(CompactTarget::from_consensus(self.bits))
    }
}

/// A nonce that is nobody's yet.
#[derive(Clone, Copy)]
struct Claim {
    version: u32,
    time: u32,
    nonce: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum Want {
    Share, // good, and no block
    Block,
    TooEasy, // misses the channel's target
}

pub struct Work {
    pub peer: Peer,
    heard_group_jobs: usize,
    /// Whose the next shares are: said behind them (extension 0x0002).
    pub worker: Option<String>,
    channels: HashMap<u32, Channel>,
    group: Option<GroupChannel>,
    requests: u32,
    sequence: u32,
    nonce: u32,
    accepted: HashMap<u32, u32>,
    errors: Vec<(u32, u32, String)>,
    update_errors: Vec<String>,
    targets_set: usize,
    tips: usize,
}

impl Work {
    pub fn new(peer: Peer) -> Self {
        Self {
            peer,
            heard_group_jobs: 0,
            worker: None,
            channels: HashMap::new(),
            group: None,
            requests: 0,
            sequence: 0,
            nonce: 0,
            accepted: HashMap::new(),
            errors: Vec::new(),
            update_errors: Vec::new(),
            targets_set: 0,
            tips: 0,
        }
    }

    pub fn standing(&self, channel: u32) -> Standing {
        if self.channels.contains_key(&channel) { Standing::Open } else { Standing::Closed }
    }

    fn message(&mut self) -> MiningOwned {
        match self.peer.next() {
            AnyMessageOwned::Mining(message) => message,
            other => panic!("a mining message expected: {other:?}"),
        }
    }

    fn members(&self, id: u32) -> Vec<u32> {
        match &self.group {
            Some(group) if group.get_group_channel_id() == id => group.get_channel_ids().copied().collect(),
            _ => vec![id],
        }
    }

    /// Takes one message in; every Err of the reference's state machines is a bug of the pool.
    fn step(&mut self) {
        let message = self.message();
        self.take_in(message);
    }

    /// The pool speaks to the group as such; a connection that says nothing ends it.
    pub fn until_group_job(&mut self) {
        while self.heard_group_jobs == 0 {
            self.step();
        }
    }

    /// The answer to an open; jobs for later may come in front of it.
    fn answer(&mut self) -> MiningOwned {
        loop {
            match self.message() {
                job @ (MiningOwned::NewExtendedMiningJob(_) | MiningOwned::NewMiningJob(_)) => self.take_in(job),
                answer => return answer,
            }
        }
    }

    fn take_in(&mut self, message: MiningOwned) {
        match message {
            MiningOwned::NewExtendedMiningJob(job) => {
                let members = self.members(job.channel_id);
                if let Some(group) = self.group.as_mut().filter(|g| g.get_group_channel_id() == job.channel_id) {
                    group.on_new_extended_mining_job(job.clone());
                    self.heard_group_jobs += 1;
                }
                for id in members {
                    match self.channels.get_mut(&id) {
                        Some(Channel::Extended(c)) => c.on_new_extended_mining_job(job.clone()).expect("extended job"),
                        Some(Channel::Standard(c)) => c.on_new_group_channel_job(job.clone()).expect("group's job"),
                        None => panic!("a job for channel {id}, which is not open"),
                    }
                }
            }
            MiningOwned::NewMiningJob(job) => match self.channels.get_mut(&job.channel_id) {
                Some(Channel::Standard(c)) => c.on_new_mining_job(job).expect("standard job"),
                _ => panic!("a standard job for another kind of channel"),
            },
            MiningOwned::SetNewPrevHash(tip) => {
                self.tips += 1;
                let members = self.members(tip.channel_id);
                if let Some(group) = self.group.as_mut().filter(|g| g.get_group_channel_id() == tip.channel_id) {
                    group.on_set_new_prev_hash(tip.clone()).expect("the group knows the job");
                }
                for id in members {
                    match self.channels.get_mut(&id) {
                        Some(Channel::Extended(c)) => c.on_set_new_prev_hash(tip.clone()).expect("future job"),
                        Some(Channel::Standard(c)) => c.on_set_new_prev_hash(tip.clone()).expect("future job"),
                        None => panic!("a tip for channel {id}, which is not open"),
                    }
                }
            }
            MiningOwned::SetTarget(target) => {
                self.targets_set += 1;
                let new = Target::from_le_bytes(target.maximum_target.as_bytes().try_into().unwrap());
                match self.channels.get_mut(&target.channel_id) {
                    Some(Channel::Extended(c)) => c.set_target(new).expect("a target"),
                    Some(Channel::Standard(c)) => c.set_target(new).expect("a target"),
                    None => panic!("a target for a channel that is not open"),
                }
            }
            MiningOwned::SubmitSharesSuccess(ack) => {
                *self.accepted.entry(ack.channel_id).or_default() += ack.new_submits_accepted_count;
                match self.channels.get_mut(&ack.channel_id) {
                    Some(Channel::Extended(c)) => c.on_share_acknowledgement(ack.new_submits_accepted_count, ack.new_shares_sum),
                    Some(Channel::Standard(c)) => c.on_share_acknowledgement(ack.new_submits_accepted_count, ack.new_shares_sum),
                    None => {}
                }
            }
            MiningOwned::SubmitSharesError(error) => {
                let code = String::from_utf8(error.error_code.as_bytes().to_vec()).expect("ASCII");
                self.errors.push((error.channel_id, error.sequence_number, code));
            }
            MiningOwned::UpdateChannelError(error) => {
                self.update_errors.push(String::from_utf8(error.error_code.as_bytes().to_vec()).expect("ASCII"));
            }
            other => panic!("unexpected: {other:?}"),
        }
    }

    fn request(&mut self) -> u32 {
        self.requests += 1;
        self.requests
    }

    fn join(&mut self, group: u32, channel: u32, size: usize) {
        if group == 0 {
            return;
        }
        let known = self.group.get_or_insert_with(|| GroupChannel::new(group));
        assert_eq!(known.get_group_channel_id(), group, "one group a connection");
        known.add_channel_id(channel, size).expect("all members have one extranonce length");
    }

    fn until_it_has_work(&mut self, channel: u32) {
        while self.template(channel).is_none() {
            self.step();
        }
    }

    pub fn open_extended(&mut self, user: &str) -> u32 {
        let id = self.open_extended_without_work(user);
        self.until_it_has_work(id);
        id
    }

    pub fn open_extended_without_work(&mut self, user: &str) -> u32 {
        let request_id = self.request();
        self.peer.mining(MiningOwned::OpenExtendedMiningChannel(OpenExtendedMiningChannelOwned {
            request_id,
            user_identity: text(user),
            nominal_hash_rate: 0.001,
            max_target: [0xff; 32].into(),
            min_extranonce_size: 4,
        }));
        let success = match self.answer() {
            MiningOwned::OpenExtendedMiningChannelSuccess(success) => success,
            other => panic!("not opened: {other:?}"),
        };
        assert_eq!(success.request_id, request_id);
        assert!(success.extranonce_size >= 4);
        let prefix = success.extranonce_prefix.as_bytes().to_vec();
        let size = prefix.len() + success.extranonce_size as usize;
        let id = success.channel_id;
        let channel = ExtendedChannel::new(
            id,
            user.to_string(),
            ExtranoncePrefix::from_wire(prefix).expect("at most 32 bytes"),
            Target::from_le_bytes(success.target.as_bytes().try_into().unwrap()),
            0.001,
            true,
            success.extranonce_size,
            None,
        )
        .expect("the reference opens it");
        self.channels.insert(id, Channel::Extended(channel));
        self.join(success.group_channel_id, id, size);
        id
    }

    /// The pool's own job for a channel, and the tip that it is on.
    pub fn pools_job(&self, channel: u32) -> (NewExtendedMiningJobOwned, ChainTip) {
        let Channel::Extended(c) = &self.channels[&channel] else { panic!("an extended channel") };
        (c.get_active_job().expect("a job").job_message.clone(), c.get_chain_tip().expect("a tip").clone())
    }

    pub fn until_another_tip(&mut self, channel: u32, than: &ChainTip) {
        while self.pools_job(channel).1.prev_hash() == than.prev_hash() {
            self.step();
        }
    }

    /// SetCustomMiningJob and its answer; a job that is taken becomes the reference channel's active one.
    pub fn declare(&mut self, mut job: SetCustomMiningJobOwned, tip: &ChainTip) -> Result<(), String> {
        job.request_id = self.request();
        self.peer.mining(MiningOwned::SetCustomMiningJob(job.clone()));
        loop {
            match self.message() {
                MiningOwned::SetCustomMiningJobSuccess(success) => {
                    let Some(Channel::Extended(c)) = self.channels.get_mut(&job.channel_id) else { panic!("extended") };
                    c.set_chain_tip(tip.clone());
                    c.on_set_custom_mining_job_success(job, success).expect("the reference takes the answer");
                    return Ok(());
                }
                MiningOwned::SetCustomMiningJobError(error) => {
                    assert_eq!(error.request_id, job.request_id);
                    return Err(String::from_utf8(error.error_code.as_bytes().to_vec()).expect("ASCII"));
                }
                other => self.take_in(other),
            }
        }
    }

    /// Finds a block of the channel's job, has its share acknowledged, and returns it as a node takes it. It holds no
    /// transactions but its coinbase.
    pub fn block(&mut self, channel: u32) -> String {
        let template = self.template(channel).expect("work");
        let claim = self.mine(&template, template.version, template.time, Want::Block);
        self.reference_agrees(channel, &template, claim);
        let Channel::Extended(c) = &self.channels[&channel] else { panic!("an extended channel") };
        let job = c.get_active_job().expect("a job");
        let coinbase = [
            job.job_message.coinbase_tx_prefix.as_bytes(),
            job.extranonce_prefix.as_slice(),
            template.rolled.as_ref().unwrap(),
            job.job_message.coinbase_tx_suffix.as_bytes(),
        ]
        .concat();
        let mut coinbase: Transaction = deserialize(&coinbase).expect("a transaction");
        coinbase.input[0].witness = vec![vec![0u8; 32]].into();
        let block = Block { header: template.header(claim.version, claim.time, claim.nonce), txdata: vec![coinbase] };
        let before = self.accepted.get(&channel).copied().unwrap_or(0);
        self.submit(channel, template.job, claim, template.rolled.clone());
        self.until_accepted(channel, before);
        serialize_hex(&block)
    }

    pub fn share_is_stale(&mut self, channel: u32) {
        let template = self.template(channel).expect("work");
        let late = self.mine(&template, template.version, template.time, Want::Share);
        let sequence = self.submit(channel, template.job, late, template.rolled.clone());
        self.until_refused(channel, sequence, ERROR_CODE_SUBMIT_SHARES_STALE_SHARE);
    }

    pub fn open_extended_is_refused(&mut self, user: &str, code: &str) {
        let request_id = self.request();
        self.peer.mining(MiningOwned::OpenExtendedMiningChannel(OpenExtendedMiningChannelOwned {
            request_id,
            user_identity: text(user),
            nominal_hash_rate: 1.0,
            max_target: [0xff; 32].into(),
            min_extranonce_size: 4,
        }));
        match self.answer() {
            MiningOwned::OpenMiningChannelError(error) => assert_eq!(error.error_code.as_bytes(), code.as_bytes()),
            other => panic!("{code} expected: {other:?}"),
        }
    }

    pub fn open_standard(&mut self, user: &str) -> u32 {
        let request_id = self.request();
        self.peer.mining(MiningOwned::OpenStandardMiningChannel(OpenStandardMiningChannelOwned {
            request_id,
            user_identity: text(user),
            nominal_hash_rate: 0.0,
            max_target: [0xff; 32].into(),
        }));
        let success = match self.answer() {
            MiningOwned::OpenStandardMiningChannelSuccess(success) => success,
            other => panic!("not opened: {other:?}"),
        };
        assert_eq!(success.request_id, request_id);
        let prefix = success.extranonce_prefix.as_bytes().to_vec();
        let size = prefix.len();
        let id = success.channel_id;
        let channel = StandardChannel::new(
            id,
            user.to_string(),
            ExtranoncePrefix::from_wire(prefix).expect("at most 32 bytes"),
            Target::from_le_bytes(success.target.as_bytes().try_into().unwrap()),
            0.0,
            None,
        )
        .expect("the reference opens it");
        self.channels.insert(id, Channel::Standard(channel));
        self.join(success.group_channel_id, id, size);
        self.until_it_has_work(id);
        id
    }

    fn template(&self, channel: u32) -> Option<Template> {
        let (job, version, time, root, rolled, target, tip) = match self.channels.get(&channel)? {
            Channel::Extended(c) => {
                let job = c.get_active_job()?;
                let message = &job.job_message;
                let rolled = vec![0x5a; c.get_rollable_extranonce_size() as usize];
                let extranonce = [job.extranonce_prefix.as_slice(), &rolled].concat();
                let root = merkle_root_from_path(
                    message.coinbase_tx_prefix.as_bytes(),
                    message.coinbase_tx_suffix.as_bytes(),
                    &extranonce,
                    message.merkle_path.as_slice(),
                )
                .expect("a coinbase that the reference reads");
                let time = message.min_ntime.clone().into_inner()?;
                (message.job_id, message.version, time, root, Some(rolled), job.target, c.get_chain_tip()?)
            }
            Channel::Standard(c) => {
                let job = c.get_active_job()?;
                let message = &job.job_message;
                let root: [u8; 32] = message.merkle_root.as_bytes().try_into().unwrap();
                let time = message.min_ntime.clone().into_inner()?;
                (message.job_id, message.version, time, root, None, job.target, c.get_chain_tip()?)
            }
        };
        Some(Template {
            job,
            version,
            previous: tip.prev_hash().as_bytes().try_into().unwrap(),
            time,
            bits: tip.nbits(),
            root,
            rolled,
            target,
        })
    }

    fn mine(&mut self, template: &Template, version: u32, time: u32, want: Want) -> Claim {
        loop {
            self.nonce += 1;
            let hash = template.hash(version, time, self.nonce);
            let found = match want {
                Want::Share => hash <= template.target && hash > template.network(),
                Want::Block => hash <= template.network(),
                Want::TooEasy => hash > template.target && hash > template.network(),
            };
            if found {
                return Claim { version, time, nonce: self.nonce };
            }
        }
    }

    fn submit(&mut self, channel: u32, job: u32, claim: Claim, rolled: Option<Vec<u8>>) -> u32 {
        self.sequence += 1;
        let sequence_number = self.sequence;
        let message = match rolled {
            Some(rolled) => MiningOwned::SubmitSharesExtended(SubmitSharesExtendedOwned {
                channel_id: channel,
                sequence_number,
                job_id: job,
                nonce: claim.nonce,
                ntime: claim.time,
                version: claim.version,
                extranonce: rolled.try_into().unwrap(),
            }),
            None => MiningOwned::SubmitSharesStandard(SubmitSharesStandardOwned {
                channel_id: channel,
                sequence_number,
                job_id: job,
                nonce: claim.nonce,
                ntime: claim.time,
                version: claim.version,
            }),
        };
        match self.worker.clone() {
            Some(worker) => self.peer.mining_of(message, &worker),
            None => self.peer.mining(message),
        }
        sequence_number
    }

    /// What the reference's own client-side validation says of a share, before it is sent.
    fn reference_agrees(&mut self, channel: u32, template: &Template, claim: Claim) {
        let sequence_number = self.sequence + 1;
        let verdict = match self.channels.get_mut(&channel).expect("open") {
            Channel::Extended(c) => c.validate_share(SubmitSharesExtendedOwned {
                channel_id: channel,
                sequence_number,
                job_id: template.job,
                nonce: claim.nonce,
                ntime: claim.time,
                version: claim.version,
                extranonce: template.rolled.clone().unwrap().try_into().unwrap(),
            }),
            Channel::Standard(c) => c.validate_share(SubmitSharesStandardOwned {
                channel_id: channel,
                sequence_number,
                job_id: template.job,
                nonce: claim.nonce,
                ntime: claim.time,
                version: claim.version,
            }),
        };
        verdict.expect("the reference calls it valid");
    }

    fn until_accepted(&mut self, channel: u32, before: u32) {
        while self.accepted.get(&channel).copied().unwrap_or(0) == before {
            self.step();
            assert!(self.errors.is_empty(), "a good share was refused: {:?}", self.errors);
        }
    }

    fn until_refused(&mut self, channel: u32, sequence: u32, code: &str) {
        while self.errors.is_empty() {
            self.step();
        }
        assert_eq!(self.errors.remove(0), (channel, sequence, code.to_string()));
    }

    pub fn share_is_accepted(&mut self, channel: u32) {
        let template = self.template(channel).expect("work");
        let claim = self.mine(&template, template.version, template.time, Want::Share);
        self.reference_agrees(channel, &template, claim);
        let before = self.accepted.get(&channel).copied().unwrap_or(0);
        self.submit(channel, template.job, claim, template.rolled.clone());
        self.until_accepted(channel, before);
    }

    pub fn negative_set(&mut self, channel: u32) {
        let template = self.template(channel).expect("work");
        // Rolled version bits are part of the share (BIP 323), so this one is good: then it is a duplicate.
        let rolled = template.version | 0x0000_0020;
        let good = self.mine(&template, rolled, template.time, Want::Share);
        let before = self.accepted.get(&channel).copied().unwrap_or(0);
        self.submit(channel, template.job, good, template.rolled.clone());
        self.until_accepted(channel, before);
        let sequence = self.submit(channel, template.job, good, template.rolled.clone());
        self.until_refused(channel, sequence, ERROR_CODE_SUBMIT_SHARES_DUPLICATE_SHARE);

        let sequence = self.submit(channel, template.job ^ 0x40000000, good, template.rolled.clone());
        self.until_refused(channel, sequence, ERROR_CODE_SUBMIT_SHARES_INVALID_JOB_ID);
        let sequence = self.submit(channel + 1000, template.job, good, template.rolled.clone());
        self.until_refused(channel + 1000, sequence, ERROR_CODE_SUBMIT_SHARES_INVALID_CHANNEL_ID);
        if let Some(rolled) = &template.rolled {
            let short = rolled[1..].to_vec();
            let sequence = self.submit(channel, template.job, good, Some(short));
            self.until_refused(channel, sequence, ERROR_CODE_SUBMIT_SHARES_BAD_EXTRANONCE_SIZE);
        }
        let claim = self.mine(&template, template.version ^ 1, template.time, Want::Share);
        let sequence = self.submit(channel, template.job, claim, template.rolled.clone());
        self.until_refused(channel, sequence, ERROR_CODE_SUBMIT_SHARES_INVALID_NON_ROLLABLE_VERSION_BIT);
        let claim = self.mine(&template, template.version, template.time + 4 * 3600, Want::Share);
        let sequence = self.submit(channel, template.job, claim, template.rolled.clone());
        self.until_refused(channel, sequence, ERROR_CODE_SUBMIT_SHARES_INVALID_SHARE);
    }

    /// A block, its acknowledgement, the new tip; then a share for the old one is stale.
    pub fn block_is_accepted(&mut self, channel: u32) {
        let template = self.template(channel).expect("work");
        let late = self.mine(&template, template.version, template.time, Want::Share);
        let claim = self.mine(&template, template.version, template.time, Want::Block);
        self.reference_agrees(channel, &template, claim);
        let before = self.accepted.get(&channel).copied().unwrap_or(0);
        let tips = self.tips;
        self.submit(channel, template.job, claim, template.rolled.clone());
        self.until_accepted(channel, before);
        while self.tips == tips || self.template(channel).is_none_or(|now| now.previous == template.previous) {
            self.step();
        }
        let sequence = self.submit(channel, template.job, late, template.rolled.clone());
        self.until_refused(channel, sequence, ERROR_CODE_SUBMIT_SHARES_STALE_SHARE);
    }

    /// Asks for a target that one in `share` hashes of the network's meets; returns it as the pool set it.
    pub fn tighten(&mut self, channel: u32, share: u8) -> Target {
        let mut wanted = [0xff; 32];
        wanted[31] = share; // most significant, little-endian: still easier than a block
        let set = self.targets_set;
        self.peer.mining(MiningOwned::UpdateChannel(UpdateChannelOwned {
            channel_id: channel,
            nominal_hash_rate: 0.001,
            maximum_target: wanted.into(),
        }));
        while self.targets_set == set {
            self.step();
        }
        let now = match &self.channels[&channel] {
            Channel::Extended(c) => *c.get_target(),
            Channel::Standard(c) => *c.get_target(),
        };
        assert!(now <= Target::from_le_bytes(wanted), "SetTarget keeps to the miner's maximum");
        now
    }

    pub fn low_difficulty(&mut self, channel: u32, target: Target) {
        let template = self.template(channel).expect("work");
        assert_eq!(template.target, target, "the job carries the target that was set before it");
        let claim = self.mine(&template, template.version, template.time, Want::TooEasy);
        let sequence = self.submit(channel, template.job, claim, template.rolled.clone());
        self.until_refused(channel, sequence, ERROR_CODE_SUBMIT_SHARES_DIFFICULTY_TOO_LOW);
    }

    pub fn until_update_error(&mut self, code: &str) {
        while self.update_errors.is_empty() {
            self.step();
        }
        assert_eq!(self.update_errors.remove(0), code);
    }

    pub fn close(&mut self, channel: u32) {
        let template = self.template(channel).expect("work");
        let claim = self.mine(&template, template.version, template.time, Want::Share);
        self.peer.mining(MiningOwned::CloseChannel(CloseChannelOwned { channel_id: channel, reason_code: text("done") }));
        let sequence = self.submit(channel, template.job, claim, template.rolled.clone());
        self.until_refused(channel, sequence, ERROR_CODE_SUBMIT_SHARES_INVALID_CHANNEL_ID);
        self.channels.remove(&channel);
        assert_eq!(self.standing(channel), Standing::Closed);
    }
}
