import type { Said, Step, Walk } from './walk.ts'

const fenced = (kind: string, text: string): string => `\`\`\`${kind}\n${text}\n\`\`\``

/** A role's page: its words beside what was typed and said. */
export function pageOf({ title, about, sections, trouble }: Walk, said: ReadonlyMap<Step, Said>): string {
  const parts = [`# ${title}`, about.trim()]
  for (const section of sections) {
    parts.push(`## ${section.title}`)
    if (section.say !== undefined) parts.push(section.say.trim())
    for (const step of section.steps) {
      const { typed, output } = said.get(step) ?? { typed: step.run, output: '' }
      if (step.say !== undefined) parts.push(step.say.trim())
      parts.push(fenced('sh', typed))
      if (output !== '') parts.push(fenced('text', output))
      if (step.then !== undefined) parts.push(step.then.trim())
    }
  }
  parts.push('## When something goes wrong', trouble.trim())
  parts.push('---', 'Written by `npm run docs` from a run of these commands, which a test repeats.')
  return `${parts.join('\n\n')}\n`
}

/** What differs between two runs of the same commands, made alike: ids, addresses, numbers, times, spaces. */
export function alike(text: string): string {
  return text
    .replaceAll(/0x[0-9a-f]+(…[0-9a-f]+)?/g, '0x…')
    .replaceAll(/\b(bafy|bafk|Qm|12D3|16Uiu2)\w+(…\w+)?/g, 'id…')
    .replaceAll(/\d+([.,:]\d+)*/g, '0')
    .replaceAll(/\s+/g, ' ')
}

/** The page with the outputs left out that differ from run to run. */
export function comparable(page: string, walk: Walk): string {
  const steps = walk.sections.flatMap(section => section.steps)
  let next = 0
  const blocks = page.split(/^(```sh\n[^]*?^```\n)/m)
  return alike(
    blocks
      .map((block, i) => {
        if (i % 2 === 1) return block
        const before = i === 0 ? undefined : steps[next++]
        return before?.varies === true ? block.replace(/^\n```text\n[^]*?^```\n/m, '') : block
      })
      .join('')
  )
}
