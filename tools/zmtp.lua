-- SPDX-License-Identifier: MIT
--
-- A dissector of ZMTP 3.0 and 3.1 (RFC 23, RFC 37) for Wireshark and tshark.
--
--   tshark -X lua_script:zmtp.lua -d tcp.port==5555,zmtp -r capture.pcap -O zmtp
--   wireshark -X lua_script:zmtp.lua, then "Decode As..." ZMTP
--
-- It finds the greeting by itself (heuristics on ff .. 7f), so a port need only be named where the
-- capture begins in the middle of a connection. Shown: greetings, commands with their properties or
-- topics, message frames. What CURVE and GSSAPI have sealed is shown as bytes.

local zmtp = Proto("zmtp", "ZeroMQ Message Transport Protocol")

local mechanisms = { NULL = true, PLAIN = true, CURVE = true, GSSAPI = true }
local GREETING = 64

local f = {
    signature = ProtoField.bytes("zmtp.greeting.signature", "Signature"),
    major = ProtoField.uint8("zmtp.greeting.major", "Version, major"),
    minor = ProtoField.uint8("zmtp.greeting.minor", "Version, minor"),
    mechanism = ProtoField.string("zmtp.greeting.mechanism", "Mechanism"),
    as_server = ProtoField.bool("zmtp.greeting.as_server", "As server"),
    flags = ProtoField.uint8("zmtp.flags", "Flags", base.HEX),
    more = ProtoField.bool("zmtp.flags.more", "More", 8, nil, 0x01),
    long = ProtoField.bool("zmtp.flags.long", "Long", 8, nil, 0x02),
    command = ProtoField.bool("zmtp.flags.command", "Command", 8, nil, 0x04),
    size = ProtoField.uint64("zmtp.size", "Size"),
    name = ProtoField.string("zmtp.command.name", "Command"),
    body = ProtoField.bytes("zmtp.body", "Body"),
    text = ProtoField.string("zmtp.text", "Body as text"),
    key = ProtoField.string("zmtp.property.name", "Property"),
    value = ProtoField.string("zmtp.property.value", "Value"),
    topic = ProtoField.bytes("zmtp.topic", "Topic"),
    group = ProtoField.string("zmtp.group", "Group"),
    reason = ProtoField.string("zmtp.error.reason", "Reason"),
    ttl = ProtoField.uint16("zmtp.ping.ttl", "TTL (tenths of a second)"),
    context = ProtoField.bytes("zmtp.ping.context", "Context"),
    sealed = ProtoField.bytes("zmtp.sealed", "Sealed"),
}
zmtp.fields = f

local malformed = ProtoExpert.new("zmtp.malformed", "Malformed", expert.group.MALFORMED,
                                  expert.severity.ERROR)
zmtp.experts = { malformed }

local function is_greeting(tvb, at)
    return tvb:len() >= at + 10 and tvb(at, 1):uint() == 0xff
        and bit.band(tvb(at + 9, 1):uint(), 0x7f) == 0x7f
end

-- Bytes of the unit at `at`, nil if more must come to tell.
local function length_of(tvb, at)
    local left = tvb:len() - at
    if tvb(at, 1):uint() == 0xff then
        return GREETING
    end
    if bit.band(tvb(at, 1):uint(), 0x02) == 0 then
        return left >= 2 and 2 + tvb(at + 1, 1):uint() or nil
    end
    return left >= 9 and 9 + tvb(at + 1, 8):uint64():tonumber() or nil
end

local function greeting(tvb, tree)
    local name = tvb(12, 20):stringz()
    tree:add(f.signature, tvb(0, 10))
    tree:add(f.major, tvb(10, 1))
    tree:add(f.minor, tvb(11, 1))
    tree:add(f.mechanism, tvb(12, 20), name)
    tree:add(f.as_server, tvb(32, 1), tvb(32, 1):uint() == 1)
    if not mechanisms[name] then
        tree:add_proto_expert_info(malformed, "Unknown mechanism")
    end
    return "Greeting " .. name
end

-- READY, INITIATE of NULL and PLAIN: name, value, name, value ...
local function properties(tvb, tree)
    local at = 0
    while at < tvb:len() do
        local n = tvb(at, 1):uint()
        if at + 1 + n + 4 > tvb:len() then
            tree:add_proto_expert_info(malformed, "A property is cut off")
            return
        end
        local size = tvb(at + 1 + n, 4):uint()
        if at + 5 + n + size > tvb:len() then
            tree:add_proto_expert_info(malformed, "A value is cut off")
            return
        end
        local key = tvb(at + 1, n):string()
        local item = tree:add(f.key, tvb(at, 5 + n + size), key)
        if size > 0 then
            item:add(f.value, tvb(at + 5 + n, size))
        end
        at = at + 5 + n + size
    end
end

local function plain_hello(tvb, tree)
    local n = tvb:len() > 0 and tvb(0, 1):uint() or 0
    tree:add(f.key, "User name, password"):add(f.sealed, tvb(0, math.min(1 + n, tvb:len())))
end

local function rest(field)
    return function(tvb, tree)
        if tvb:len() > 0 then
            tree:add(field, tvb())
        end
    end
end

local function short_text(field)
    return function(tvb, tree)
        local n = tvb:len() > 0 and tvb(0, 1):uint() or 0
        if tvb:len() ~= 1 + n then
            tree:add_proto_expert_info(malformed, "Wrong length")
        elseif n > 0 then
            tree:add(field, tvb(1, n))
        end
    end
end

local function ping(tvb, tree)
    if tvb:len() < 2 then
        tree:add_proto_expert_info(malformed, "No TTL")
        return
    end
    tree:add(f.ttl, tvb(0, 2))
    if tvb:len() > 2 then
        tree:add(f.context, tvb(2))
    end
end

local bodies = {
    READY = properties,
    ERROR = short_text(f.reason),
    PING = ping,
    PONG = rest(f.context),
    SUBSCRIBE = rest(f.topic),
    CANCEL = rest(f.topic),
    JOIN = rest(f.group),
    LEAVE = rest(f.group),
}
-- By mechanism, as the same names mean different things.
local sealed_by = {
    NULL = {},
    PLAIN = { HELLO = plain_hello, INITIATE = properties },
    CURVE = { READY = rest(f.sealed) },
    GSSAPI = { READY = rest(f.sealed) },
}

-- The mechanism a connection's greetings named, by stream.
local mechanism_of = {}
local stream_field = Field.new("tcp.stream")

local function command(tvb, tree, mechanism)
    local n = tvb:len() > 0 and tvb(0, 1):uint() or 0
    if n == 0 or 1 + n > tvb:len() then
        tree:add_proto_expert_info(malformed, "No command name")
        return "Command"
    end
    local name = tvb(1, n):string()
    tree:add(f.name, tvb(1, n))
    local show = (sealed_by[mechanism] or {})[name] or bodies[name] or rest(f.sealed)
    show(tvb(1 + n):tvb(), tree)
    return name
end

local function frame(tvb, tree, mechanism)
    local flags = tvb(0, 1):uint()
    local long = bit.band(flags, 2) ~= 0
    local head = long and 9 or 2
    local marks = tree:add(f.flags, tvb(0, 1))
    marks:add(f.more, tvb(0, 1))
    marks:add(f.long, tvb(0, 1))
    marks:add(f.command, tvb(0, 1))
    if long then
        tree:add(f.size, tvb(1, 8))
    else
        tree:add(f.size, tvb(1, 1), UInt64(tvb(1, 1):uint()))
    end
    if bit.band(flags, 0xf8) ~= 0 then
        tree:add_proto_expert_info(malformed, "Reserved flags")
    end
    local body = tvb(head):tvb()
    if bit.band(flags, 4) ~= 0 then
        return command(body, tree, mechanism)
    end
    if body:len() > 0 then
        tree:add(f.body, body())
        tree:add(f.text, body())
    end
    local more = bit.band(flags, 1) ~= 0 and ", more" or ""
    return string.format("Message frame, %d bytes%s", body:len(), more)
end

local function one(tvb, pinfo, root)
    local tree = root:add(zmtp, tvb())
    local stream = stream_field()
    stream = stream and stream.value or 0
    local said
    if is_greeting(tvb, 0) then
        mechanism_of[stream] = tvb(12, 20):stringz()
        said = greeting(tvb, tree)
    else
        said = frame(tvb, tree, mechanism_of[stream])
    end
    tree:append_text(": " .. said)
    local shown = tostring(pinfo.cols.info)
    if #shown < 200 then
        pinfo.cols.info:append(shown:find("^ZMTP") and ", " .. said or "ZMTP " .. said)
    end
end

function zmtp.dissector(tvb, pinfo, root)
    local at = 0
    pinfo.cols.protocol = "ZMTP"
    if not tostring(pinfo.cols.info):find("^ZMTP") then
        pinfo.cols.info:clear()
    end
    while at < tvb:len() do
        local size = length_of(tvb, at)
        if not size or at + size > tvb:len() then
            pinfo.desegment_offset = at
            pinfo.desegment_len = size and at + size - tvb:len() or DESEGMENT_ONE_MORE_SEGMENT
            return tvb:len()
        end
        one(tvb(at, size):tvb(), pinfo, root)
        at = at + size
    end
    return at
end

local function find(tvb, pinfo, root)
    if not is_greeting(tvb, 0) then
        return false
    end
    pinfo.conversation = zmtp
    zmtp.dissector(tvb, pinfo, root)
    return true
end

zmtp:register_heuristic("tcp", find)
DissectorTable.get("tcp.port"):add_for_decode_as(zmtp)
