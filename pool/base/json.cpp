#include "pool/base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <simdjson.h>

#include "pool/base/result.h"

namespace pool {
namespace {

namespace ondemand = simdjson::ondemand;
using Code = Error::Code;

// simdjson is made for 1024 levels; a few of them go to the array around the text.
constexpr std::size_t depth_ceiling = 1000;
constexpr std::uint32_t no_node = 0;  // 0 is the root, which is nobody's sibling

struct Node {
    std::string_view text;  // of a number: its token; of a string: unescaped; of `true`: "true"
    std::string_view key;
    std::uint32_t next = no_node;
    std::uint32_t count = 0;  // elements or members; the first one is the next node of the table
    JsonValue::Type type = JsonValue::Type::missing;
};

// An array or object that is open while the text is walked.
struct Frame {
    std::uint32_t node = 0;
    std::uint32_t last_child = no_node;
    std::variant<ondemand::array_iterator, ondemand::object_iterator> at;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t skip_digits(std::string_view text, std::size_t at)
{
    while (at < text.size() && is_digit(text[at])) ++at;
    return at;
}

// RFC 8259, section 6. simdjson reads numbers only as values that fit a type; ids are any number.
bool is_number(std::string_view text)
{
    std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
    std::size_t end = skip_digits(text, at);
    if (end == at || (text[at] == '0' && end > at + 1)) return false;
    at = end;
    if (at < text.size() && text[at] == '.') {
        end = skip_digits(text, ++at);
        if (end == at) return false;
        at = end;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        end = skip_digits(text, at);
        if (end == at) return false;
        at = end;
    }
    return at == text.size();
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view without_space_after(std::string_view token)
{
    while (!token.empty() && is_space(token.back())) token.remove_suffix(1);
    return token;
}

// The text as a whole has been found valid, but some versions of simdjson turn the escape of half a
// surrogate pair into bytes that are not. Those bytes are above ASCII.
bool is_utf8(std::string_view text)
{
    const bool is_ascii = std::all_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x80;  // char has a sign here and none on Arm
    });
    return is_ascii || simdjson::validate_utf8(text);
}

tl::unexpected<Error> invalid(std::string_view what)
{
    return fail(Code::invalid, "JSON: " + std::string(what));
}

tl::unexpected<Error> invalid(simdjson::error_code error)
{
    return invalid(simdjson::error_message(error));
}

template <typename Integer>
std::optional<Integer> integer_from(std::optional<std::string_view> text)
{
    if (!text) return std::nullopt;
    Integer value = 0;
    const char* const end = text->data() + text->size();
    const auto [at, error] = std::from_chars(text->data(), end, value);
    if (error != std::errc{} || at != end) return std::nullopt;
    return value;
}

}  // namespace

struct JsonDocument::Impl {
    ondemand::parser parser;
    std::vector<char> buffer;
    std::vector<Node> nodes;
    std::vector<Frame> open;
    JsonLimits limits;

    simdjson::padded_string_view wrap(std::string_view text);
    Result<void> walk(ondemand::document& document);
    Result<void> step();
    Result<void> add(ondemand::value value, std::string_view key);
    Result<void> open_container(ondemand::value& value, std::uint32_t index);
    Result<void> read_scalar(ondemand::value& value, Node& node) const;
};

// The text becomes the only element of an array: so a lone number is walked like any other value,
// and whatever follows the value is one element too many, or stands behind the array.
simdjson::padded_string_view JsonDocument::Impl::wrap(std::string_view text)
{
    const std::size_t length = text.size() + 2;
    const std::size_t padded = length + simdjson::SIMDJSON_PADDING;
    if (buffer.size() < padded) buffer.resize(padded);
    buffer[0] = '[';
    std::copy(text.begin(), text.end(), buffer.begin() + 1);
    buffer[length - 1] = ']';
    // Zeros: a bracket left over from an earlier text could close what this one left open.
    std::memset(buffer.data() + length, 0, simdjson::SIMDJSON_PADDING);
    return simdjson::padded_string_view{buffer.data(), length, padded};
}

Result<void> JsonDocument::Impl::walk(ondemand::document& document)
{
    ondemand::array outer;
    ondemand::array_iterator begin;
    if (const auto error = document.get_array().get(outer)) return invalid(error);
    if (const auto error = outer.begin().get(begin)) return invalid(error);
    if (!(begin != begin)) return invalid("no value");

    ondemand::value root;
    if (const auto error = (*begin).get(root)) return invalid(error);
    if (auto added = add(root, {}); !added) return added;
    while (!open.empty()) {
        if (auto stepped = step(); !stepped) return stepped;
    }

    ++begin;
    if (begin != begin) return invalid("something stands after the value");
    // Only this code means that every token has been read and none was in error.
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
        return invalid("something stands after the value");
    }
    return {};
}

// Takes one element or member of the innermost container, or closes it.
Result<void> JsonDocument::Impl::step()
{
    Frame& frame = open.back();
    const auto index = static_cast<std::uint32_t>(nodes.size());
    ondemand::value value;
    std::string_view key;

    if (auto* const array = std::get_if<ondemand::array_iterator>(&frame.at)) {
        if (frame.last_child != no_node) ++*array;
        if (!(*array != *array)) {
            open.pop_back();
            return {};
        }
        if (const auto error = (**array).get(value)) return invalid(error);
    } else {
        auto& object = std::get<ondemand::object_iterator>(frame.at);
        if (frame.last_child != no_node) ++object;
        if (!(object != object)) {
            open.pop_back();
            return {};
        }
        ondemand::field field;
        if (const auto error = (*object).get(field)) return invalid(error);
        if (const auto error = field.unescaped_key().get(key)) return invalid(error);
        value = field.value();
    }

    if (frame.last_child != no_node) nodes[frame.last_child].next = index;
    frame.last_child = index;
    ++nodes[frame.node].count;
    return add(value, key);
}

Result<void> JsonDocument::Impl::add(ondemand::value value, std::string_view key)
{
    if (nodes.size() >= limits.values_max) {
        return fail(Code::limit, "JSON: over " + std::to_string(limits.values_max) + " values");
    }
    if (!is_utf8(key)) return invalid("bad escape in a name");

    const auto index = static_cast<std::uint32_t>(nodes.size());
    Node& node = nodes.emplace_back();
    node.key = key;

    ondemand::json_type type{};
    if (const auto error = value.type().get(type)) return invalid(error);
    if (type != ondemand::json_type::array && type != ondemand::json_type::object) {
        return read_scalar(value, node);
    }
    node.type =
        type == ondemand::json_type::array ? JsonValue::Type::array : JsonValue::Type::object;
    return open_container(value, index);
}

Result<void> JsonDocument::Impl::open_container(ondemand::value& value, std::uint32_t index)
{
    if (open.size() >= limits.depth_max) {
        return fail(Code::limit, "JSON: nested over " + std::to_string(limits.depth_max) + " deep");
    }
    if (nodes[index].type == JsonValue::Type::array) {
        ondemand::array array;
        ondemand::array_iterator begin;
        if (const auto error = value.get_array().get(array)) return invalid(error);
        if (const auto error = array.begin().get(begin)) return invalid(error);
        open.push_back({index, no_node, begin});
    } else {
        ondemand::object object;
        ondemand::object_iterator begin;
        if (const auto error = value.get_object().get(object)) return invalid(error);
        if (const auto error = object.begin().get(begin)) return invalid(error);
        open.push_back({index, no_node, begin});
    }
    return {};
}

Result<void> JsonDocument::Impl::read_scalar(ondemand::value& value, Node& node) const
{
    const std::string_view token = without_space_after(value.raw_json_token());
    if (token.starts_with('"')) {
        if (const auto error = value.get_string().get(node.text)) return invalid(error);
        const bool had_escapes = node.text.size() + 2 != token.size();
        if (had_escapes && !is_utf8(node.text)) return invalid("bad escape in a string");
        node.type = JsonValue::Type::string;
        return {};
    }
    // Everything else is judged by its text; the iterator steps over what was not asked for.
    node.text = token;
    if (token == "null") {
        node.type = JsonValue::Type::null;
    } else if (token == "true" || token == "false") {
        node.type = JsonValue::Type::boolean;
    } else if (is_number(token)) {
        node.type = JsonValue::Type::number;
    } else {
        return invalid("neither a number nor true, false or null");
    }
    return {};
}

JsonDocument::JsonDocument() : impl_(std::make_unique<Impl>()) {}
JsonDocument::~JsonDocument() = default;
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;

Result<JsonValue> JsonDocument::parse(std::string_view text, const JsonLimits& limits)
{
    check(limits.depth_max <= depth_ceiling, "nobody nests so deep");
    impl_->nodes.clear();
    impl_->open.clear();
    impl_->limits = limits;
    if (text.size() > std::min<std::size_t>(limits.bytes_max, std::numeric_limits<int>::max())) {
        return fail(Code::limit, "JSON: over " + std::to_string(limits.bytes_max) + " bytes");
    }

    ondemand::document document;
    Result<void> done{};
    if (const auto error = impl_->parser.iterate(impl_->wrap(text)).get(document)) {
        done = invalid(error);
    } else {
        done = impl_->walk(document);
    }
    if (!done) {
        impl_->nodes.clear();
        return fail(std::move(done.error()));
    }
    return JsonValue{this, 0};
}

JsonValue::Type JsonValue::type() const
{
    if (document_ == nullptr) return Type::missing;
    const auto& nodes = document_->impl_->nodes;
    return index_ < nodes.size() ? nodes[index_].type : Type::missing;
}

std::optional<bool> JsonValue::boolean() const
{
    if (type() != Type::boolean) return std::nullopt;
    return document_->impl_->nodes[index_].text == "true";
}

std::optional<std::string_view> JsonValue::string() const
{
    if (type() != Type::string) return std::nullopt;
    return document_->impl_->nodes[index_].text;
}

std::optional<std::string_view> JsonValue::number_text() const
{
    if (type() != Type::number) return std::nullopt;
    return document_->impl_->nodes[index_].text;
}

std::optional<std::int64_t> JsonValue::int64() const
{
    return integer_from<std::int64_t>(number_text());
}

std::optional<std::uint64_t> JsonValue::uint64() const
{
    return integer_from<std::uint64_t>(number_text());
}

std::optional<double> JsonValue::number() const
{
    const std::optional<std::string_view> text = number_text();
    if (!text) return std::nullopt;
    double value = 0;
    const auto result = std::from_chars(text->data(), text->data() + text->size(), value);
    if (result.ec != std::errc{} || !std::isfinite(value)) return std::nullopt;
    return value;
}

std::size_t JsonValue::size() const { return exists() ? document_->impl_->nodes[index_].count : 0; }

JsonValue JsonValue::at(std::size_t index) const
{
    if (type() != Type::array || index >= size()) return {};
    Iterator element = begin();
    for (std::size_t i = 0; i < index; ++i) ++element;
    return *element;
}

JsonValue JsonValue::find(std::string_view key) const
{
    if (type() != Type::object) return {};
    for (const JsonValue member : *this) {
        if (member.key() == key) return member;
    }
    return {};
}

std::string_view JsonValue::key() const
{
    return exists() ? document_->impl_->nodes[index_].key : std::string_view{};
}

JsonValue::Iterator JsonValue::begin() const
{
    return size() > 0 ? Iterator{JsonValue{document_, index_ + 1}} : Iterator{};
}

JsonValue::Iterator JsonValue::end() const { return {}; }

JsonValue::Iterator& JsonValue::Iterator::operator++()
{
    at_ = at_.next();
    return *this;
}

JsonValue JsonValue::next() const
{
    if (!exists()) return {};
    const std::uint32_t next = document_->impl_->nodes[index_].next;
    return next != no_node ? JsonValue{document_, next} : JsonValue{};
}

}  // namespace pool
