import { FLOW_ID_BYTES } from './flow-id.js';
import { RecordField, STATE_RECORD_VERSION } from './flow-record.js';

/**
 * Writes packed values (packed-writes.ts): one call for hundreds of flows costs Node one command. The keys are inside of
 * ARGV, so this is for a server that holds them all; a cluster gets a SET for each.
 *
 * ARGV: prefix of keys, TTL in seconds of the states 0 to 7, values.
 */
export const WRITE_SCRIPT = `
local prefix, packed = ARGV[1], ARGV[10]
local byte, sub, call = string.byte, string.sub, redis.call
local at, bytes = 1, #packed
while at < bytes do
  local state, length = byte(packed, at, at + 1)
  local value = at + ${2 + FLOW_ID_BYTES}
  call('SET', prefix .. sub(packed, at + 2, value - 1), sub(packed, value, value + length - 1), 'EX', ARGV[2 + state])
  at = value + length
end
`;

/** In Lua, bytes count from 1. */
const VERSION_AND_OWNER = `byte(record, ${RecordField.version + 1}) == ${STATE_RECORD_VERSION} and sub(record, ${RecordField.owner + 1}, ${RecordField.owner + 3})`;

/**
 * Removes records that are still their owner's, and what answers are found by.
 *
 * ARGV: prefix of keys, owner (3 bytes), packed ends.
 */
export const REMOVE_SCRIPT = `
local prefix, owner, packed = ARGV[1], ARGV[2], ARGV[3]
local byte, sub, call = string.byte, string.sub, redis.call
for at = 1, #packed, ${1 + 2 * FLOW_ID_BYTES} do
  local clientId = sub(packed, at + 1, at + ${FLOW_ID_BYTES})
  local key = prefix .. clientId
  local record = call('GET', key)
  if record and ${VERSION_AND_OWNER} == owner then
    call('DEL', key)
    if byte(packed, at) == 2 then
      local answerKey = prefix .. sub(packed, at + ${1 + FLOW_ID_BYTES}, at + ${2 * FLOW_ID_BYTES})
      local answer = call('GET', answerKey)
      if answer and sub(answer, 2, ${1 + FLOW_ID_BYTES}) == clientId then call('DEL', answerKey) end
    end
  end
end
`;

/** For a cluster, where a flow's two keys are on different servers. KEYS: the record's. ARGV: owner. Returns whether it was removed. */
export const REMOVE_RECORD_SCRIPT = `
local byte, sub = string.byte, string.sub
local record = redis.call('GET', KEYS[1])
if record and ${VERSION_AND_OWNER} == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

/** KEYS: the answer's. ARGV: id of its flow's record. */
export const REMOVE_ANSWER_SCRIPT = `
local answer = redis.call('GET', KEYS[1])
if answer and string.sub(answer, 2, ${1 + FLOW_ID_BYTES}) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;
