/** A program that lies beside a module, for a thread or process of its own: the source, or what it was compiled to. */
export function programBeside(moduleUrl: string, name: string): URL {
  return new URL(`./${name}.${moduleUrl.endsWith('.ts') ? 'ts' : 'js'}`, moduleUrl)
}
