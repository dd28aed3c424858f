#include "protocol/command.hpp"

#include "base/codec.hpp"

namespace donord {

namespace {

class Writer {
 public:
  explicit Writer(Capabilities effective) : effective_(effective) {}

  template <class T>
  Bytes operator()(const T& command) {
    out_.u8("code", T::kCode);
    body(command);
    return out_.take();
  }
  Bytes operator()(const ComUnknown& command) {
    out_.u8("code", command.code);
    return out_.take();
  }

 private:
  template <class T>
  void body(const T&) {}
  void body(const ComInitDb& command) { out_.rest("schema", command.schema); }
  void body(const ComQuery& command) {
    if (effective_.has(Capability::query_attributes)) encode_query_attributes(out_, command.attributes);
    out_.rest("statement", command.statement);
  }

  Capabilities effective_;
  Encoder out_;
};

Command read_command(Decoder& in, Capabilities effective) {
  std::uint8_t code = 0;
  in.u8("code", code);
  switch (static_cast<CommandCode>(code)) {
    case CommandCode::quit:
      return ComQuit{};
    case CommandCode::init_db: {
      ComInitDb command;
      in.rest("schema", command.schema);
      return command;
    }
    case CommandCode::query: {
      ComQuery command;
      if (effective.has(Capability::query_attributes)) decode_query_attributes(in, command.attributes);
      in.rest("statement", command.statement);
      return command;
    }
    case CommandCode::ping:
      return ComPing{};
    case CommandCode::reset_connection:
      return ComResetConnection{};
    case CommandCode::clone:
      return ComClone{};
  }
  Bytes ignored;
  in.rest("body", ignored);
  return ComUnknown{code};
}

}  // namespace

Result<Command> decode_command(ByteView payload, Capabilities effective) {
  Decoder in{payload};
  Command command = read_command(in, effective);
  if (const Result<> done = in.finish(); !done) return done.error().within("Command");
  return command;
}

Bytes encode_command(const Command& command, Capabilities effective) {
  return std::visit(Writer{effective}, command);
}

}  // namespace donord
