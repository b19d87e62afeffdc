// What a child process must not learn: it may run a stranger's program, and its environment is readable in /proc.
const secret = /pass(phrase|word|wd)|secret|token|mnemonic|credential|private|api_?key/i

/** This process's environment without what guards keys; every child process is given this one. */
export const environmentForChildren = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !secret.test(name)))
