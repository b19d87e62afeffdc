/**
 * A program that lies beside a module, for a thread or process of its own: the source, or what it was bundled to
 * (scripts/bundle.ts finds them by this call).
 */
export function programBeside(moduleUrl: string, name: string): URL {
  return new URL(`./${name}.${moduleUrl.endsWith('.ts') ? 'ts' : 'js'}`, moduleUrl)
}
