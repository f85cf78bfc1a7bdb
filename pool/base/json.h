#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/base/result.h"

namespace pool {

class JsonDocument;

/// One value of a parsed document: a handle, cheap to copy, valid until the document parses again
/// or dies. A value that is not there has type `missing`; asking it anything gives nothing.
class JsonValue {
public:
    enum class Type : std::uint8_t { missing, null, boolean, number, string, array, object };

    JsonValue() = default;
    Type type() const;
    bool exists() const { return type() != Type::missing; }
    bool is_null() const { return type() == Type::null; }

    std::optional<bool> boolean() const;
    /// Unescaped text, valid UTF-8 (may hold control characters and NUL: fold before use).
    std::optional<std::string_view> string() const;
    /// A number exactly as it stood in the text ("1e400", "18446744073709551615").
    std::optional<std::string_view> number_text() const;
    /// Integers only, without fraction and exponent, that fit the type.
    std::optional<std::int64_t> int64() const;
    std::optional<std::uint64_t> uint64() const;
    /// Any number that fits: not 1e400, and not 1e-400 either.
    std::optional<double> number() const;

    /// Elements of an array or members of an object; 0 for everything else.
    std::size_t size() const;
    /// Element `index` of an array, or missing. Walks there: to visit all, iterate.
    JsonValue at(std::size_t index) const;
    /// First member named `key`, or missing.
    JsonValue find(std::string_view key) const;
    /// Name of this value if it is a member of an object.
    std::string_view key() const;

    class Iterator;
    Iterator begin() const;  ///< over elements or members, in order
    Iterator end() const;

    /// The same place of the same document (not: an equal value).
    bool same(const JsonValue& other) const
    {
        return document_ == other.document_ && index_ == other.index_;
    }

private:
    friend class JsonDocument;
    JsonValue next() const;
    JsonValue(const JsonDocument* document, std::uint32_t index)
        : document_(document), index_(index)
    {
    }
    const JsonDocument* document_ = nullptr;
    std::uint32_t index_ = 0;
};

struct JsonLimits {
    std::size_t bytes_max = std::size_t{8} << 10;
    std::size_t depth_max = 8;      ///< at most 1000 (checked)
    std::size_t values_max = 1024;  ///< all values of the document, nested ones included
};

/// Parses JSON text into a flat table of values by simdjson; reuses its memory from one text to
/// the next, so that a Stratum line costs no allocation once warm.
///
/// Strict RFC 8259, valid UTF-8, one value a text. Not for several threads at once.
class JsonDocument {
public:
    JsonDocument();
    ~JsonDocument();
    JsonDocument(JsonDocument&&) noexcept;
    JsonDocument& operator=(JsonDocument&&) noexcept;

    /// Errors: limit, when `limits` is passed; invalid, with what is wrong, for everything else.
    /// The text is copied: it need not outlive the call.
    Result<JsonValue> parse(std::string_view text, const JsonLimits& limits);

private:
    friend class JsonValue;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

class JsonValue::Iterator {
public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = JsonValue;
    using difference_type = std::ptrdiff_t;
    using pointer = const JsonValue*;
    using reference = JsonValue;

    Iterator() = default;
    explicit Iterator(JsonValue at) : at_(at) {}
    JsonValue operator*() const { return at_; }
    Iterator& operator++();
    Iterator operator++(int)
    {
        Iterator before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_.same(b.at_); }

private:
    JsonValue at_;
};

/// Appends `text` as a JSON string with its quotes. Control characters, quotes, backslashes and
/// everything above ASCII become escapes (invalid UTF-8 becomes \ufffd), so the result is ASCII.
void append_json_string(std::string& out, std::string_view text);

/// Writes one JSON value into a string, commas and escapes in the right places.
/// Wrong nesting is a bug (checked).
class JsonWriter {
public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    JsonWriter& begin_object();
    JsonWriter& end_object();
    JsonWriter& begin_array();
    JsonWriter& end_array();
    JsonWriter& key(std::string_view name);
    JsonWriter& string(std::string_view value);
    JsonWriter& integer(std::int64_t value);
    JsonWriter& unsigned_integer(std::uint64_t value);
    JsonWriter& boolean(bool value);
    JsonWriter& null();
    /// Text that is JSON already: numbers kept as text, values rendered earlier.
    JsonWriter& raw(std::string_view json);

private:
    void before_value();
    std::string& out_;
    std::vector<char> open_;  // '{' or '[' for each open container
    bool first_ = true;
    bool after_key_ = false;
};

}  // namespace pool
