#include "rpc/account_views.h"

#include <optional>
#include <vector>

#include "pool/base/json.h"
#include "pool/share/record.h"

namespace rpc {
namespace {

using pool::JsonWriter;

constexpr std::uint64_t second_ms = 1000;

void routes(JsonWriter& json, const std::vector<payouts::PayRoute>& all)
{
    json.begin_array();
    for (const payouts::PayRoute& route : all) {
        json.begin_object().key("address").string(route.address);
        json.key("parts").unsigned_integer(route.parts).end_object();
    }
    json.end_array();
}

void time_or_null(JsonWriter& json, const std::optional<pool::UnixMillis>& at)
{
    if (at) {
        json.unsigned_integer(at->value / second_ms);
    } else {
        json.null();
    }
}

void scopes(JsonWriter& json, payouts::TokenScopes of)
{
    json.key("scopes").begin_array();
    if (of.hashrate) json.string("hashrate");
    if (of.earnings) json.string("earnings");
    json.end_array();
}

void change(JsonWriter& json, const payouts::AddressChange& change)
{
    json.begin_object();
    json.key("change").unsigned_integer(change.id);
    json.key("state").string(to_string(change.state));
    json.key("proof").string(change.proof);
    json.key("addresses");
    routes(json, change.routes);
    json.key("asked_by").string(change.asked_by);
    json.key("asked_at").unsigned_integer(change.asked_at.value / second_ms);
    if (change.height.value > 0) json.key("height").unsigned_integer(change.height.value);
    json.key("approvers").begin_array();
    for (const std::string& each : change.approvers) json.string(each);
    json.end_array();
    json.key("holds_from");
    time_or_null(json, change.locked_until);
    json.end_object();
}

void from(JsonWriter& json, std::uint64_t slot)
{
    json.key("from_slot").unsigned_integer(slot);
    json.key("from").unsigned_integer(slot * (pool::slot_ms / second_ms));
}

void changes(JsonWriter& json, const std::vector<payouts::BpsChange>& all)
{
    json.begin_array();
    for (const payouts::BpsChange& each : all) {
        json.begin_object();
        from(json, each.from_slot);
        json.key("bps");
        if (each.bps) {
            json.unsigned_integer(*each.bps);
        } else {
            json.null();
        }
        json.key("set_by").string(each.set_by).end_object();
    }
    json.end_array();
}

}  // namespace

TermsInfo terms_now(const payouts::PoolTerms& terms)
{
    pool::U128 window = terms.window_begun;
    for (const payouts::WindowChange& each : terms.windows) {
        if (each.from_slot <= terms.slot_now) window = each.size;
    }
    return {.fee_bps = payouts::bps_at(terms.fees, terms.slot_now).value_or(terms.fee_begun),
            .window = payouts::window_text(window),
            .minimum_payout = {}};
}

std::string terms_json(const payouts::PoolTerms& terms)
{
    const TermsInfo now = terms_now(terms);
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    json.key("fee_bps").unsigned_integer(now.fee_bps);
    json.key("fee_begun_bps").unsigned_integer(terms.fee_begun);
    json.key("fee_changes");
    changes(json, terms.fees);
    json.key("window").string(now.window);
    json.key("window_begun").string(payouts::window_text(terms.window_begun));
    json.key("window_changes").begin_array();
    for (const payouts::WindowChange& each : terms.windows) {
        json.begin_object();
        from(json, each.from_slot);
        json.key("n").string(payouts::window_text(each.size));
        json.key("set_by").string(each.set_by).end_object();
    }
    json.end_array().end_object();
    return out;
}

std::string sites_json(const payouts::SiteSheet& sheet)
{
    std::string out;
    JsonWriter json{out};
    json.begin_object().key("sites").begin_array();
    for (const payouts::SiteSum& each : sheet.sums) {
        json.begin_object().key("site").string(each.site);
        json.key("shares").unsigned_integer(each.shares);
        json.key("stale").unsigned_integer(each.stale);
        json.key("work").string(pool::to_decimal(each.work));
        json.key("score").string(pool::to_decimal(each.score)).end_object();
    }
    json.end_array().key("rules").begin_array();
    for (const payouts::SiteLine& each : sheet.rules) {
        json.begin_object().key("prefix").string(each.prefix).key("site").string(each.site);
        from(json, each.from_slot);
        json.end_object();
    }
    json.end_array().end_object();
    return out;
}

std::string slot_json(std::uint64_t slot)
{
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    from(json, slot);
    json.end_object();
    return out;
}

std::string waiting_json() { return R"({"waits_for_another_person":true})"; }

std::string sheet_json(const payouts::AccountSheet& sheet)
{
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    json.key("account").string(sheet.name);
    json.key("addresses");
    routes(json, sheet.routes);
    json.key("change");
    if (const auto& open = sheet.open) {
        change(json, *open);
    } else {
        json.null();
    }
    json.key("minimum_payout_sat");
    if (const auto& minimum = sheet.minimum) {
        json.integer(minimum->value);
    } else {
        json.null();
    }
    json.key("fee_bps").unsigned_integer(sheet.fee_bps);
    json.key("fee_changes");
    changes(json, sheet.fees);
    json.key("donation_bps").unsigned_integer(sheet.donation_bps);
    json.key("donation_changes");
    changes(json, sheet.donations);
    json.key("public").boolean(sheet.is_public);
    json.key("held").boolean(!sheet.hold_reason.empty());
    json.key("hold_reason").string(sheet.hold_reason);
    json.key("held_by").string(sheet.held_by);
    json.end_object();
    return out;
}

std::string change_json(const payouts::AddressChange& each)
{
    std::string out;
    JsonWriter json{out};
    change(json, each);
    return out;
}

std::string question_json(const payouts::AddressQuestion& question)
{
    std::string out;
    JsonWriter json{out};
    json.begin_object();
    json.key("message").string(question.message);
    json.key("signer").string(question.signer);
    json.key("checkable").boolean(question.checkable);
    json.key("height").unsigned_integer(question.height.value);
    json.end_object();
    return out;
}

std::string new_token_json(std::string_view account, const payouts::NewToken& made,
                           std::string_view web_url)
{
    std::string out;
    JsonWriter json{out};
    json.begin_object().key("token").unsigned_integer(made.token.id);
    json.key("account").string(account).key("label").string(made.token.label);
    scopes(json, made.token.scopes);
    json.key("expires_at");
    time_or_null(json, made.token.expires_at);
    json.key("secret").string(made.secret);
    json.key("watch").string(std::string{web_url} + "/#/watch/" + made.secret).end_object();
    return out;
}

std::string tokens_json(const std::vector<payouts::AccountToken>& tokens)
{
    std::string out;
    JsonWriter json{out};
    json.begin_array();
    for (const payouts::AccountToken& token : tokens) {
        json.begin_object().key("token").unsigned_integer(token.id);
        json.key("label").string(token.label);
        scopes(json, token.scopes);
        json.key("made_by").string(token.made_by);
        json.key("made_at").unsigned_integer(token.made_at.value / second_ms).key("expires_at");
        time_or_null(json, token.expires_at);
        json.key("revoked_by").string(token.revoked_by).key("revoked_at");
        time_or_null(json, token.revoked_at);
        json.end_object();
    }
    json.end_array();
    return out;
}

}  // namespace rpc
