export const shells = ['bash', 'zsh', 'fish'] as const;

/** All of them ask `weirctl complete`, so that they need not be made anew with each version. */
const scripts: Readonly<Record<(typeof shells)[number], string>> = {
  bash: `_weirctl() {
  local words
  mapfile -t words < <(weirctl complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  mapfile -t COMPREPLY < <(compgen -W "\${words[*]}" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _weirctl weirctl
`,
  zsh: `#compdef weirctl
_weirctl() {
  local -a candidates
  candidates=(\${(f)"$(weirctl complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#candidates} )); then compadd -a candidates; else _files; fi
}
compdef _weirctl weirctl
`,
  fish: `function __weirctl
  set -l words (commandline -opc) (commandline -ct)
  weirctl complete -- $words[2..-1] 2>/dev/null
end
complete -c weirctl -a '(__weirctl)'
`,
};

/** What a shell reads to complete \`weirctl\`. */
export function completionScript(shell: (typeof shells)[number]): string {
  return scripts[shell];
}
