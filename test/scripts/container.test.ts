import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const root = join(import.meta.dirname, '../..')
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')

/** A script and the modules of the repository that it loads, whether at once or when it is needed. */
function withItsModules(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found
  found.add(path)
  for (const [, name = ''] of textOf(path).matchAll(/(?:from |import\()'(\.[^']+\.ts)'/g))
    withItsModules(relative(root, join(root, dirname(path), name)), found)
  return found
}

/** Whether a file comes to the container's build: the last line of .dockerignore that names it or a folder of it. */
function isLetIn(path: string): boolean {
  const lines = textOf('.dockerignore').split('\n').filter(Boolean)
  const names = (line: string): boolean => {
    const pattern = line.replace(/^!/, '').replaceAll('.', '\\.').replaceAll('*', '[^/]*')
    return new RegExp(`^${pattern}(/|$)`).test(path)
  }
  return lines.findLast(names)?.startsWith('!') !== false
}

describe('the container', () => {
  const prepared = (JSON.parse(textOf('package.json')) as { scripts: { prepare: string } }).scripts.prepare
  const scripts = [...prepared.matchAll(/scripts\/[\w-]+\.ts/g)].flatMap(([path]) => [...withItsModules(path)])
  const stages = textOf('Dockerfile').split(/^FROM /m)
  /** What a stage takes from the repository. */
  const taken = (stage: string): string[] =>
    [...stage.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) => paths.split(' '))
  const has = (stage: string, path: string): boolean =>
    taken(stage).some(one => one === path || path.startsWith(`${one}/`))

  it('has every script that npm runs after it has installed, with what each loads', () => {
    assert.ok(scripts.length > 3)
    const installing = stages.filter(stage => /RUN npm ci/.test(stage))
    assert.equal(installing.length, 2)
    for (const path of scripts) {
      assert.ok(isLetIn(path), `.dockerignore keeps ${path} out`)
      for (const stage of installing) assert.ok(has(stage, path), `the Dockerfile leaves out ${path}`)
    }
  })

  it('has what its bundle, its console and the library are built of', () => {
    const built = stages.find(stage => /RUN node scripts\/bundle\.ts/.test(stage)) ?? ''
    const lists = ['scripts/bundle.ts', 'scripts/client.ts', 'scripts/console.ts'].flatMap(path => {
      const [, list = ''] = /const sources = \[([^\]]+)\]/.exec(textOf(path)) ?? []
      return [...list.matchAll(/'([^']+)'/g)].map(([, source = '']) => source)
    })
    for (const path of new Set([...lists, 'LICENSE'])) {
      assert.ok(existsSync(join(root, path)), path)
      assert.ok(isLetIn(path), `.dockerignore keeps ${path} out`)
      assert.ok(has(built, path), `the Dockerfile leaves out ${path}`)
    }
  })
})
