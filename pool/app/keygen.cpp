#include "pool/app/keygen.h"

#include <cstdio>

#include <CLI/CLI.hpp>

#include "pool/app/v2_identity.h"
#include "pool/base/time.h"

namespace pool {

CLI::App* add_keygen(CLI::App& cli, KeygenWish& wish)
{
    CLI::App* keygen = cli.add_subcommand(
        "keygen",
        "the keys of Stratum v2. First, once: --new-authority FILE. Then for each server and\n"
        "period: --authority FILE --out FILE, and install that as stratum.v2_identity");
    auto* make = keygen->add_option("--new-authority", wish.authority_out,
                                    "make an authority's secret; prints the key for miners' URLs");
    auto* authority = keygen->add_option("--authority", wish.authority, "the secret to sign with")
                          ->excludes(make);
    auto* out = keygen->add_option("--out", wish.out, "a new static key and its certificate");
    authority->needs(out);
    out->needs(authority);
    keygen->add_option("--days", wish.days, "how long the certificate holds (90)")
        ->check(CLI::Range(1, 3650));
    keygen->add_option("--from", wish.from, "when it begins, seconds since 1970 (now)");
    return keygen;
}

int run_keygen(const KeygenWish& wish)
{
    Result<std::string> done = std::string{};
    if (!wish.authority_out.empty()) {
        done = make_authority(wish.authority_out);
    } else if (!wish.out.empty()) {
        const UnixTime from = wish.from > 0 ? UnixTime{wish.from} : to_seconds(read_clock().wall);
        const auto made = make_certificate(wish.authority, wish.out, from, wish.days);
        if (!made) done = fail(made.error());
    } else {
        done =
            fail(Error::Code::invalid, "say --new-authority FILE, or --authority FILE --out FILE");
    }
    if (!done) {
        std::fprintf(stderr, "zubrd keygen: %s\n", done.error().detail.c_str());
        return done.error().code == Error::Code::invalid ? 2 : 1;
    }
    if (!done->empty()) std::fprintf(stdout, "%s\n", done->c_str());
    return 0;
}

}  // namespace pool
