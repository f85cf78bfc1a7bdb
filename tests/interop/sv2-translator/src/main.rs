//! sv2-translator POOL_PORT AUTHORITY USER LISTEN_PORT one|each: takes Stratum v1 miners on LISTEN_PORT to a Stratum v2
//! pool, all on loopback, on one channel for all of them or on one for each. Logs to its output; runs until it is killed.
use stratum_apps::config_helpers::logging::init_logging;
use translator_sv2::config::{DownstreamDifficultyConfig, TranslatorConfig, Upstream};
use translator_sv2::TranslatorSv2;

const LOOPBACK: &str = "127.0.0.1";
const WORKER_NAMES: u16 = 2; // the extension
const EXTRANONCE2_BYTES: u16 = 4;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, pool_port, authority, user, listen_port, channels] = arguments.as_slice() else {
        panic!("usage: sv2-translator POOL_PORT AUTHORITY USER LISTEN_PORT one|each");
    };
    let pool = Upstream::new(
        LOOPBACK.to_string(),
        pool_port.parse().expect("a port"),
        authority.parse().expect("an authority's key"),
        user.clone(),
    );
    let one = channels == "one";
    // A thousand hashes a second, a share a second: what one thread finds at once.
    let difficulty = DownstreamDifficultyConfig::new(1000.0, 60.0, false, 60);
    // Only what is required is asked for.
    let extensions = if one { vec![WORKER_NAMES] } else { vec![] };
    let config = TranslatorConfig::new(
        vec![pool],
        LOOPBACK.to_string(),
        listen_port.parse().expect("a port"),
        difficulty,
        2,
        2,
        EXTRANONCE2_BYTES,
        false,
        one,
        extensions.clone(),
        extensions,
        None,
        None,
    );
    init_logging(None);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if let Err(error) = runtime.block_on(TranslatorSv2::new(config).start()) {
        panic!("the translator gave up: {error:?}");
    }
}
