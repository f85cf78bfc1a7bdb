// How fresh is the work? A real bitcoind with 4,000 transactions, a real zubrd, N authorised
// connections: from the node's own signal of a new block to the first and the last connection
// that the new job is written to, beside a null server that writes the same bytes to as many
// sockets. Started by
//   ./dev bench tip [CONNECTIONS [EVENTS [v2-standard|v2-extended|answers|checked]]]
// Connections of Stratum v2 have the tip with the first bytes that come after the signal: what they
// say is sealed.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/bitcoin/transaction.h"
#include "pool/node/zmq_feed.h"
#include "pool/runtime/loop.h"
#include "stratum/client/v2_session.h"
#include "tests/bench/answer_prober.h"
#include "tests/bench/job_readers.h"
#include "tests/bench/null_writer.h"
#include "tests/bench/template_arrivals.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

using std::chrono::seconds;
using tests::Clock;
using tests::die;
using tests::ms;

namespace {

std::string call(tests::NodeFixture& node, const std::string& method, const std::string& params)
{
    const auto answer = node.call(method, params);
    if (!answer) die(method + ": " + answer.error().detail);
    std::string text = *answer;
    std::erase(text, '"');
    return text;
}

pool::Digest send(tests::NodeFixture& node, const pool::Transaction& tx)
{
    const pool::Bytes raw = pool::serialise(tx, pool::WitnessForm::with);
    call(node, "sendrawtransaction", "[\"" + pool::to_hex(raw) + "\"]");
    return pool::txid_of(tx).bytes;
}

pool::Transaction spend(const pool::Digest& txid, std::uint32_t index)
{
    pool::Transaction tx;
    pool::TxInput input;
    input.previous = pool::TxId{txid};
    input.previous_index = index;
    tx.inputs.push_back(std::move(input));
    return tx;
}

constexpr std::uint32_t regtest_halving = 150;

// Coins that anybody may spend, fanned out and spent: no wallet, no signature.
void fill_mempool(tests::NodeFixture& node, unsigned transactions)
{
    constexpr unsigned outputs = 100;
    constexpr std::int64_t fee = 20'000;
    constexpr std::int64_t coin = 5'000'000'000;
    node.generate(151);
    std::vector<pool::Digest> fans;
    for (unsigned height = 1; height <= (transactions + outputs - 1) / outputs; ++height) {
        const std::string hash = call(node, "getblockhash", "[" + std::to_string(height) + "]");
        const std::string block = call(node, "getblock", "[\"" + hash + "\"]");
        const auto at = block.find("tx:[");
        const auto txid = pool::digest_from_display_hex(block.substr(at + 4, 64));
        if (!txid) die("no coinbase in " + block);
        pool::Transaction fan = spend(*txid, 0);
        for (unsigned i = 0; i < outputs; ++i) {
            fan.outputs.push_back({pool::Sats{(coin - fee) / outputs}, {0x51}});
        }
        fans.push_back(send(node, fan));
    }
    node.generate(1);
    pool::Script other{0x00, 0x20};  // outputs to nobody: some weight, as real ones have
    other.resize(other.size() + 32, 0x5a);
    for (unsigned i = 0; i < transactions; ++i) {
        pool::Transaction tx = spend(fans[i / outputs], i % outputs);
        tx.outputs.push_back({pool::Sats{(coin - fee) / outputs - 6000}, {0x51}});
        for (int more = 0; more < 4; ++more) tx.outputs.push_back({pool::Sats{1000}, other});
        send(node, tx);
    }
}

double cpu_ms(::pid_t pid)
{
    ::clockid_t clock{};
    ::timespec used{};
    if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0)
        die("no processor time of process " + std::to_string(pid));
    return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
}

/// Who used the processors so far.
struct Used {
    double pool = 0;
    double node = 0;
    double here = 0;
};

Used used(tests::PoolFixture& pool, tests::NodeFixture& node)
{
    return {cpu_ms(pool.process().pid()), cpu_ms(node.process().pid()), cpu_ms(::getpid())};
}

double resident_kib(const std::string& pid)
{
    std::ifstream file{"/proc/" + pid + "/statm"};
    double size = 0;
    double resident = 0;
    file >> size >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

void row(const char* name, std::vector<double> values)
{
    if (values.empty()) return;
    std::sort(values.begin(), values.end());
    const auto at = [&](double part) {
        return values[std::min(values.size() - 1, static_cast<std::size_t>(
                                                      part * static_cast<double>(values.size())))];
    };
    std::printf("| %-44s | %8.2f | %8.2f | %8.2f |\n", name, at(0.5), at(0.99), values.back());
}

std::vector<double> null_spread(const tests::NullWriter& writer, int count, int events,
                                const std::string& line, bool v2)
{
    std::vector<double> out;
    tests::Hello nothing;
    if (v2) nothing.v2 = stratum::v2::ChannelKind::standard;
    tests::JobReaders miners{writer.port(), count, nothing};
    for (int i = 0; i < events; ++i) {
        miners.begin_event();
        const auto begun = Clock::now();
        writer.write_to_all(line);
        if (!miners.read_until(begun + seconds{10}, [&] { return miners.counts.clean >= count; }))
            die("null");
        out.push_back(ms(miners.counts.last_clean - begun));
    }
    return out;
}

std::vector<double> behind_template(const std::map<std::uint32_t, Clock::time_point>& full_at,
                                    const std::string& log)
{
    std::vector<double> out;
    for (const auto& [height, came] : tests::template_arrivals(log)) {
        const auto last = full_at.find(height);
        if (last != full_at.end()) out.push_back(ms(last->second - came));
    }
    return out;
}

// When the first of those who listen heard of it; the clock's zero: nobody yet.
class Signal {
public:
    void clear() { at_ = 0; }
    void heard()
    {
        const Clock::rep now = Clock::now().time_since_epoch().count();
        Clock::rep nobody = 0;
        at_.compare_exchange_strong(nobody, now);
    }
    bool known() const { return at_ != 0; }
    Clock::time_point at() const { return Clock::time_point{Clock::duration{at_.load()}}; }

private:
    std::atomic<Clock::rep> at_{0};
};

}  // namespace

int main(int argc, char** argv)
{
    const int count = argc > 1 ? std::atoi(argv[1]) : 1000;
    const int events = argc > 2 ? std::atoi(argv[2]) : 200;
    const std::string kind = argc > 3 ? argv[3] : "v1";
    const bool answers = kind == "answers";
    const bool checked = kind == "checked";
    const bool v2 = kind.starts_with("v2");
    std::signal(SIGPIPE, SIG_IGN);
    const std::string zmq = "tcp://127.0.0.1:" + std::to_string(tests::free_port());
    // Regtest checks its whole index and mempool at each block, under its main lock; no other chain
    // does, so it is off here (`checked` as the third word: as regtest has it).
    std::vector<std::string> flags{"-zmqpubhashblock=" + zmq, "-acceptnonstdtxn=1"};
    if (!checked) flags.insert(flags.end(), {"-checkblockindex=0", "-checkmempool=0"});
    tests::NodeFixture node{"regtest", flags};
    fill_mempool(node, 4000);
    const tests::NullWriter null_writer{count};
    tests::PoolFixture pool{
        node,
        {.start_difficulty = 0,
         .sets = {"work.look_seconds=55", "work.refresh_seconds=55",
                  "limits.connections_per_address=0", "limits.connects_per_second=0",
                  "limits.connections_per_prefix=0", "limits.prefix_connects_per_second=0",
                  "limits.stale_shares=257", "limits.bad_shares=257"}}};
    {
        // The fixture's own [[node]] stands first; ZMQ is this node's second name.
        std::ifstream in{pool.config_file()};
        std::string text{std::istreambuf_iterator<char>{in}, {}};
        text.insert(text.find("cookie_file"), "zmq_hashblock = \"" + zmq + "\"\n");
        std::ofstream{pool.config_file()} << text;
    }
    pool.start();

    Signal signal;
    pool::Loop loop;
    const auto feed = pool::ZmqFeed::open(loop, zmq, [&](pool::ZmqTip) { signal.heard(); });
    if (!feed) die(feed.error().detail);
    std::thread listener{[&] { loop.run(); }};

    std::vector<double> first, unprepared, last, whole, spread, fill, quiet, busy;
    std::vector<double> pool_used, node_used, here_used;
    std::map<std::uint32_t, Clock::time_point> full_at;
    std::string line;
    double cpu = 0;
    double memory = 0;
    int measured = 0;
    {
        tests::Hello hello{.lines = "", .user = tests::test_address("regtest", 1) + ".w"};
        if (v2) {
            const bool standard = kind == "v2-standard";
            hello.v2 =
                standard ? stratum::v2::ChannelKind::standard : stratum::v2::ChannelKind::extended;
        } else {
            hello.lines =
                "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"bench\"]}\n"
                "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" +
                hello.user + "\",\"x\"]}\n";
        }
        const std::string pid = std::to_string(pool.process().pid());
        const double memory_before = resident_kib(pid);
        tests::JobReaders miners{pool.stratum_port(), count, hello};
        const auto ready = [&] { return miners.counts.clean + miners.counts.full >= count; };
        if (!v2 && !miners.read_until(Clock::now() + seconds{60}, ready))
            die("not all connections got a job");
        line = v2 ? std::string(86, 'x') : miners.last_clean_line;
        miners.read_for(seconds{3});
        memory = (resident_kib(pid) - memory_before) / count;
        std::optional<tests::AnswerProber> prober;
        if (answers) prober.emplace(pool.stratum_port(), hello.user);
        const double cpu_before = cpu_ms(pool.process().pid());
        for (int i = -3; i < events; ++i) {
            // Over v2 the next empty job goes out over a second before its tip may come.
            const std::chrono::milliseconds rest{v2 ? 2000 : 150};
            miners.read_for(rest);
            miners.begin_event();
            signal.clear();
            const std::uint32_t next = node.height() + 1;
            std::thread long_poll{[&] {
                call(node, "waitforblockheight", "[" + std::to_string(next) + ",10000]");
                signal.heard();
            }};
            miners.read_for(std::chrono::milliseconds{20});
            if (prober) prober->now_busy(true);
            const Used before = used(pool, node);
            const auto begun = Clock::now();
            std::thread block{[&] { call(node, "generateblock", "[\"raw(51)\",[]]"); }};
            const bool all = miners.read_until(begun + seconds{10},
                                               [&] { return miners.counts.clean >= count; });
            const Used after = used(pool, node);
            static_cast<void>(miners.read_until(begun + seconds{3},
                                                [&] { return v2 || miners.counts.full >= count; }));
            block.join();
            long_poll.join();
            if (prober) prober->now_busy(false);
            if (!all) die("not every connection got the new job");
            if (i < 0 || !signal.known()) continue;
            ++measured;
            // A halving has no empty job: the first is the full one.
            const bool halving = (next + 1) % regtest_halving == 0;
            (halving ? unprepared : first).push_back(ms(miners.counts.first_clean - signal.at()));
            last.push_back(ms(miners.counts.last_clean - signal.at()));
            whole.push_back(ms(miners.counts.last_clean - begun));
            pool_used.push_back(after.pool - before.pool);
            node_used.push_back(after.node - before.node);
            here_used.push_back(after.here - before.here);
            if (miners.counts.full == 0) continue;  // a height without an empty job
            if (miners.counts.full < count) die("not every connection got the full job in 3 s");
            spread.push_back(ms(miners.counts.last_full - miners.counts.first_full));
            fill.push_back(ms(miners.counts.last_full - signal.at()));
            full_at[next + 1] = miners.counts.last_full;
        }
        cpu = cpu_ms(pool.process().pid()) - cpu_before;
        if (prober) {
            prober->finish();
            quiet = prober->quiet();
            busy = prober->busy();
        }
    }
    std::printf("%d connections of %s, %d blocks, 4,000 transactions; ms\n", count,
                v2 ? kind.c_str() : "v1", measured);
    std::printf("| %-44s | %8s | %8s | %8s |\n|---|---|---|---|\n", "", "p50", "p99", "max");
    row("signal to first connection has the clean job", first);
    row("the same, where there is no empty job", unprepared);
    row("signal to last connection has it", last);
    row("block given to the node, to last has it", whole);
    row("signal to last has the full job", fill);
    row("template has come, to last has the full job", behind_template(full_at, pool.log()));
    row("full job: first to last connection", spread);
    row("a share's answer between blocks", quiet);
    row("the same, from a block to its full job", busy);
    row("null server: same bytes, first write to last",
        null_spread(null_writer, count, 50, line, v2));
    row("processor time, block to last clean: zubrd", pool_used);
    row("the same: bitcoind", node_used);
    row("the same: this program, which reads it all", here_used);
    std::printf(
        "zubrd: %.1f ms of processor time a block, both jobs (3 warm-up blocks counted in)\n",
        cpu / (measured + 3));
    std::printf("zubrd: %.2f KiB resident for each connection, idle and with its job\n", memory);
    loop.stop();
    listener.join();
    return 0;
}
