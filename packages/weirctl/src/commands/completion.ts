import { Argument, Command } from 'commander';
import { completionScript, shells } from '../render/completion-script.js';

/** `weirctl completion bash|zsh|fish` */
export function completionCommand(): Command {
  const command = new Command('completion')
    .description('what a shell needs to complete commands, options, services and backends')
    .addArgument(new Argument('<shell>', 'which one').choices([...shells]))
    .addHelpText(
      'after',
      `
Examples:
  weirctl completion bash > /etc/bash_completion.d/weirctl
  weirctl completion zsh > /usr/share/zsh/vendor-completions/_weirctl
  weirctl completion fish > /usr/share/fish/vendor_completions.d/weirctl.fish`,
    )
    .action((shell: (typeof shells)[number]) => {
      process.stdout.write(completionScript(shell));
    });
  return command;
}

/** `weirctl complete -- WORDS`: what may stand in place of the last word. What the scripts call; not in --help. */
export function completeCommand(root: () => Command): Command {
  return new Command('complete')
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: readonly string[]) => {
      const { completions } = await import('../render/completions.js');
      process.stdout.write((await completions(root(), words)).map((word) => `${word}\n`).join(''));
    });
}
