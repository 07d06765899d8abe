// Declaring types: every container, units, ids, defaults, what cannot be edited and what cannot be
// reflected. Prints the types in DTS's own notation, and one value field by field.
//   ./02_declare
#include <cstdio>

#include <dts/declare.hpp>

// An enumeration gets its name outside, before its first use; its symbols are found by themselves.
enum class State : std::uint8_t { idle, heating, cooling };
template <>
inline constexpr auto dts::describe<State> = dts::type("brewery.State");

// So does a struct of somebody else.
namespace vendor {
struct Position {
  double x, y;
};
}  // namespace vendor
template <>
inline constexpr auto dts::describe<vendor::Position> =
    dts::type("brewery.Position", dts::field(&vendor::Position::x).unit("m"),
              dts::field(&vendor::Position::y).unit("m"));

struct Heat {
  double to = 65;
  static constexpr auto dts = dts::type("brewery.Heat", dts::field(&Heat::to).unit("Cel"));
};
struct Stop {
  static constexpr auto dts = dts::type("brewery.Stop");
};
// One of several cases, each with a name.
using Command = dts::Union<"brewery.Command", dts::Case<"heat", Heat>, dts::Case<"stop", Stop>>;

// Ids let fields be renamed later; a default lets old publishers be read.
struct Tank {
  std::int32_t number;
  double celsius;
  double litres;
  static constexpr auto dts =
      dts::type("brewery.Tank", dts::field(&Tank::number).id(1).key().doc("painted on its side"),
                dts::field(&Tank::celsius).id(2).unit("Cel").alias("temperature"),
                dts::field(&Tank::litres).id(3).unit("L").default_value(0.0))
          .doc("a vessel and what is in it");
};

// A class with private members lists what travels.
class Counter {
 public:
  DTS_DESCRIBE(Counter, "brewery.Counter", count_);
  void add() { ++count_; }

 private:
  std::uint64_t count_ = 0;
};

struct Batch {
  std::string name;
  dts::Time started;
  dts::Duration length;
  dts::Decimal price;
  dts::Bytes photo;                         // bytes
  dts::List<std::uint8_t> levels;           // list<u8>
  std::vector<Tank> tanks;                  // list
  std::array<double, 3> densities;          // array
  std::map<std::string, double> additions;  // map
  std::unordered_map<State, dts::Duration> time_in_state;
  std::optional<std::string> note;
  std::unique_ptr<Batch> made_from;  // an optional too; this is how a type contains itself
  std::vector<std::optional<Command>> commands;
  State state;
  vendor::Position where;
  Counter samples;
  dts::Any extra;  // a value with its own type
  static constexpr auto dts = dts::type("brewery.Batch");
};

int main() {
  std::printf("%s\n", dts::type_of<Batch>().print().c_str());

  Batch batch{};
  batch.name = "Junmai 7";
  batch.tanks = {{3, 18.4, 1200}};
  batch.additions["koji"] = 12.5;
  batch.commands.emplace_back(Command(Heat{62}));
  batch.made_from = std::make_unique<Batch>();

  // The same value as tools see it: by path, without the C++ type.
  const dts::Layout& layout = dts::layout_of<Batch>();
  dts::Value value(
      dts::LayoutPtr(dts::LayoutPtr(), &layout));  // layouts of C++ types live for ever
  *static_cast<Batch*>(value.data()) = std::move(batch);
  for (const char* path : {"name", "tanks.0.celsius", "additions.koji", "commands.0.heat.to",
                           "made_from.state", "note", "tanks.0.celcius"}) {
    const dts::Result<std::string> text = value.text(path);
    std::printf("%-20s %s\n", path, text ? text->c_str() : text.error().text().c_str());
  }
}
