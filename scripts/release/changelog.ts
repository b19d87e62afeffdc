/** What a version's section of CHANGELOG.md says; undefined where it has none, or an empty one. */
export function sectionOf(changelog: string, version: string): string | undefined {
  const lines = changelog.split('\n')
  const isHeading = (line: string): boolean => line.startsWith('## ')
  const from = lines.findIndex(line => isHeading(line) && line.slice(3).split(' ')[0] === version)
  if (from < 0) return undefined
  const to = lines.findIndex((line, at) => at > from && isHeading(line))
  const text = lines
    .slice(from + 1, to < 0 ? undefined : to)
    .join('\n')
    .trim()
  return text === '' ? undefined : text
}
