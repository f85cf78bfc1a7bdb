#include "stratum/v2/codec.h"

#include <algorithm>

namespace stratum::v2 {

void FieldReader::operator()(pool::Digest& hash)
{
    const pool::ByteSpan bytes = bytes_.raw(hash.size());
    std::copy(bytes.begin(), bytes.end(), hash.begin());
}

void FieldReader::operator()(pool::Uint256& number)
{
    pool::Digest bytes{};
    (*this)(bytes);
    number = pool::Uint256::from_le_bytes(bytes);
}

void FieldReader::operator()(Text& text)
{
    const pool::ByteSpan bytes = bytes_.raw(bytes_.u8());
    text.value = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void FieldReader::operator()(Option32& number)
{
    const std::uint8_t count = bytes_.u8();
    if (count > 1) good_ = false;
    number.reset();
    if (count == 1) number = bytes_.u32();
}

}  // namespace stratum::v2
