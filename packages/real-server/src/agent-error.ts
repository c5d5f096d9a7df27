import { WeirError } from '@weir/errors';

export type AgentErrorCode =
  | 'ARGUMENT_INVALID'
  | 'SETTING_REFUSED'
  | 'IP_COMMAND_FAILED'
  | 'NOT_RUNNING'
  | 'CGROUP_UNUSABLE';

/** What the agent of a backend can't do; the message names the flag, or the kernel's setting. */
export class AgentError extends WeirError {
  declare readonly code: AgentErrorCode;
}
