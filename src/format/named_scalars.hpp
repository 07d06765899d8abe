// Named scalars: reads the values that hold no others, and lists of numbers that lie in the message
// as one block, with a notation's Reader (named.hpp). The walk of named_decoder.hpp derives from
// this. One decode call, one thread.
#pragma once

#include <bit>
#include <limits>

#include <base/endian.hpp>
#include <format/named.hpp>
#include <format/short_copy.hpp>
#include <type/unit_change.hpp>

namespace dts::format::named {

template <class Reader>
class Scalars {
 protected:
  // `owner` (may be null) keeps the message: large bytes may be shared instead of copied.
  Scalars(ByteView message, Allowance& allowance, Failure& failure,
          const std::shared_ptr<const Bytes>* owner)
      : message_(message),
        owner_(owner),
        allowance_(allowance),
        failure_(failure),
        reader_(message, allowance, failure) {}
  ~Scalars() = default;

  [[gnu::always_inline]] bool plain(const PlanStep& step, void* to) {
    switch (step.from) {
      case Kind::boolean:
        return reader_.boolean(*static_cast<bool*>(to)) || of_type(failure_, step);
      case Kind::time: {
        std::int64_t nanoseconds;
        if (!reader_.time(nanoseconds)) return of_type(failure_, step);
        return store_signed(step, to, nanoseconds, failure_);
      }
      case Kind::duration: {
        std::int64_t nanoseconds;
        if (!reader_.duration(nanoseconds)) return of_type(failure_, step);
        return store_signed(step, to, nanoseconds, failure_);
      }
      case Kind::f32:
        return real<float>(step, to);
      case Kind::f64:
        return real<double>(step, to);
      case Kind::i8:
        return integer<std::int8_t>(step, to);
      case Kind::i16:
        return integer<std::int16_t>(step, to);
      case Kind::i32:
        return integer<std::int32_t>(step, to);
      case Kind::i64:
        return integer<std::int64_t>(step, to);
      case Kind::u8:
        return integer<std::uint8_t>(step, to);
      case Kind::u16:
        return integer<std::uint16_t>(step, to);
      case Kind::u32:
        return integer<std::uint32_t>(step, to);
      default:
        return integer<std::uint64_t>(step, to);
    }
  }

  bool text(const PlanStep& step, void* to) {
    std::string_view text;
    if (!reader_.text(text)) return of_type(failure_, step);
    if (!allowance_.take(text.size(), 1, failure_)) return false;
    step.to->functions.assign(*step.to, to, as_bytes(text));
    return true;
  }

  bool bytes(const PlanStep& step, void* to) {
    ByteView bytes;
    if (!reader_.bytes(bytes)) return of_type(failure_, step);
    const std::uint8_t* end = message_.data() + message_.size();
    const bool in_message = bytes.data() >= message_.data() && bytes.data() + bytes.size() <= end;
    if (in_message && borrow(*step.to, to, bytes, owner_)) return true;
    if (!allowance_.take(bytes.size(), 1, failure_)) return false;
    step.to->functions.assign(*step.to, to, bytes);
    return true;
  }

  // `names`: of the publisher's symbols.
  bool enumeration(const PlanStep& step, const NameTable& names, void* to) {
    bool is_text = false;
    std::string_view symbol;
    Integer number;
    if (!reader_.symbol(is_text, symbol, number)) return of_type(failure_, step);
    if (!is_text) {
      std::int32_t value;
      if (!narrow(number, value)) return not_of_kind(failure_, number, Kind::i32);
      return store_symbol(step, to, value, failure_);
    }
    const TypeNode& node = *step.pair->from;
    const std::uint32_t found = names.find(symbol);
    if (found == NameTable::none) return no_such_symbol(failure_, node, symbol, names);
    return store_symbol(step, to, node.symbols[found].value, failure_);
  }

  bool number_block(const PlanStep& step, ByteView block, void* to) {
    switch (step.element->from) {
      case Kind::i8:
        return store_block<std::int8_t>(step, block, to);
      case Kind::i16:
        return store_block<std::int16_t>(step, block, to);
      case Kind::i32:
        return store_block<std::int32_t>(step, block, to);
      case Kind::i64:
        return store_block<std::int64_t>(step, block, to);
      case Kind::u8:
        return store_block<std::uint8_t>(step, block, to);
      case Kind::u16:
        return store_block<std::uint16_t>(step, block, to);
      case Kind::u32:
        return store_block<std::uint32_t>(step, block, to);
      case Kind::u64:
        return store_block<std::uint64_t>(step, block, to);
      case Kind::f32:
        return store_block<float>(step, block, to);
      default:
        return store_block<double>(step, block, to);
    }
  }

  ByteView message_;
  const std::shared_ptr<const Bytes>* owner_;
  Allowance& allowance_;
  Failure& failure_;
  Reader reader_;

 private:
  // T: the publisher's kind.
  template <class T>
  bool integer(const PlanStep& step, void* to) {
    Integer number;
    if (!reader_.integer(number)) return of_type(failure_, step);
    T value;
    if (!narrow(number, value)) return not_of_kind(failure_, number, step.from);
    return store(step, to, value);
  }
  template <class T>
  static bool narrow(const Integer& number, T& value) {
    if (number.magnitude > static_cast<std::uint64_t>(std::numeric_limits<T>::max())) return false;
    if constexpr (std::is_unsigned_v<T>) {
      value = static_cast<T>(number.magnitude);
      return !number.negative;
    } else {
      const auto magnitude = static_cast<std::int64_t>(number.magnitude);
      value = static_cast<T>(number.negative ? -1 - magnitude : magnitude);
      return true;
    }
  }
  template <class T>
  bool real(const PlanStep& step, void* to) {
    double number;
    if (!reader_.real(number, std::is_same_v<T, float>)) return of_type(failure_, step);
    return store(step, to, static_cast<T>(number));
  }
  template <class T>
  bool store(const PlanStep& step, void* to, T value) {
    if (step.action == Action::bits) {
      base::store(to, value);
      return true;
    }
    if constexpr (std::is_floating_point_v<T>) {
      if (only_changes_unit(step)) {
        base::store(to, in_unit(*step.unit, value));
        return true;
      }
      return store_real(step, to, value, failure_);
    } else if constexpr (std::is_signed_v<T>) {
      return store_signed(step, to, value, failure_);
    } else {
      return store_unsigned(step, to, value, failure_);
    }
  }

  template <class T>
  bool store_block(const PlanStep& step, ByteView block, void* to) {
    const Layout& layout = *step.to;
    const std::size_t size = layout.element->size;
    std::size_t count = 0;
    std::byte* first = nullptr;
    if (!allowance_.take(block.size() / sizeof(T), size, failure_) ||
        !resize(step, to, block.size() / sizeof(T), count, first, failure_)) {
      return false;
    }
    if (step.element->action == Action::bits) {
      copy_short(first, block.data(), count * sizeof(T));
      return true;
    }
    for (std::size_t i = 0; i < count; ++i) {
      const T number = base::load<T>(block.data() + i * sizeof(T));
      if (!store_wrapped(*step.element, first + i * size, number)) return failure_.in(i);
    }
    return true;
  }
  template <class T>
  bool store_wrapped(const PlanStep& step, void* to, T number) {
    if (step.action != Action::wrap) return store(step, to, number);
    return allowance_.take(1, step.to->element->size, failure_) &&
           store_wrapped(*step.element, step.to->functions.set(*step.to, to), number);
  }
};

}  // namespace dts::format::named
