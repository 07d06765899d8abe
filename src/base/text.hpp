// Text: UTF-8 checks, globs, "did you mean", and text made safe to show on a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dts::base {

// Is it valid UTF-8 (RFC 3629: no overlong forms, no surrogates)?
bool is_utf8(std::string_view text) noexcept;
// Writes the code point (at most 0x10ffff) as UTF-8, at most four bytes, and gives their end. Half
// of a surrogate pair is written alike, and is no UTF-8.
std::uint8_t* write_utf8(std::uint8_t* to, std::uint32_t point) noexcept;
void append_utf8(std::string& to, std::uint32_t point);
// With the letters A to Z as a to z, in no language's way.
std::string lower(std::string_view text);
// Does `text` match `pattern`, in which * stands for any run of characters and ? for one?
bool glob_match(std::string_view pattern, std::string_view text) noexcept;
// Insertions, deletions, substitutions and swaps of neighbours between a and b, at most `limit`+1.
int edit_distance(std::string_view a, std::string_view b, int limit = 3);
// The candidate nearest to `word`, at most 2 edits (1 for words under 4 letters) and ignoring
// case; empty when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
// What to try instead of `word`: 'did you mean "tank"?', or, when none is near, `offer` and the
// first candidates: "it has celsius, tank". Empty when there are none.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates,
                       std::string_view offer);
// Control characters, escapes and text-direction marks as \xNN or \u{NNNN}: what comes from the
// network must not steer a terminal.
std::string printable(std::string_view text);

}  // namespace dts::base
