import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { Command } from 'commander'
import { commandTree, completionScript, shells } from '../../daemon/cli/completion/index.ts'
import { main, runCommand, startCommandLine } from './command-line.ts'
import { datanetView, modelView } from './views.ts'

/** What bash offers after these words, by a script. */
function offered(script: string, ...words: string[]): string[] {
  const ask = `${script}\nCOMP_WORDS=(tilth "$@"); COMP_CWORD=$#; _tilth; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', ask, 'bash', ...words], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
}

describe('completion', function () {
  this.timeout(180_000)

  it('offers in bash what may follow: commands, those of a group, options, and values where they are few', async () => {
    const { stdout: script, code } = await runCommand(['completion', 'bash'])
    assert.equal(code, 0)
    assert.ok(['ask', 'datanet', 'daemon', 'engine'].every(name => offered(script, '').includes(name)))
    assert.deepEqual(offered(script, 'stat'), ['status'])
    assert.ok(offered(script, 'datanet', '').includes('follow'))
    assert.deepEqual(offered(script, 'datanet', 'show', '--tok'), ['--token-file'])
    assert.deepEqual(offered(script, 'engine', 'tune', '--provider', 'c'), ['cpu', 'cuda'])
    assert.deepEqual(offered(script, 'engine', 'tune', '--data', ''), [])
    assert.deepEqual(offered(script, 'completion', 'f'), ['fish'])
    assert.deepEqual(offered(script, 'status', '--as', 'worker'), ['worker-1', 'worker-2'])
    assert.ok(offered(script, 'daemon', '--role', '').includes('scorer'))
    assert.deepEqual(offered(script, 'review', 'policy', ''), ['auto', 'manual'])
    assert.deepEqual(offered(script, 'vote', 'r'), ['reject'])
    assert.deepEqual(offered(script, 'audit', 'e'), ['epoch'])
  })

  it('is made for every shell from the tree of commands, whatever their summaries hold', () => {
    const program = new Command('tilth')
    program.addCommand(
      new Command('keep').description('a node\'s "$HOME": `date`, [once]').option('--to <dir>', "it's")
    )
    const tree = commandTree(program)
    for (const shell of shells) {
      const script = completionScript(shell, tree)
      assert.match(script, /keep/)
      assert.doesNotMatch(script, /`date`|\$HOME/)
    }
    execFileSync('bash', ['-n'], { input: completionScript('bash', tree) })
  })

  it('offers names that the daemon knows, and nothing that a shell could take for its own', async () => {
    const hostile = ['$(touch owned)', '`id`', "a'b", 'a;b', '-rf', 'x\u001b[2J', 'a|b', '*', '~']
    const cli = await startCommandLine({
      models: async () => ({
        items: ['elements', 'seedling', ...hostile].map(name => ({ ...modelView, name })),
        next: null
      }),
      datanets: async () => ({ items: ['birds', 'garden birds'].map(name => datanetView({ name })), next: null })
    })
    try {
      const { stdout: script } = await runCommand(['completion', 'bash'])
      const ask = (...words: string[]): Promise<string[]> =>
        promisify(execFile)('bash', [
          '-c',
          `tilth() { "${process.execPath}" "${main}" "$@"; }\n${script}\n` +
            'COMP_WORDS=(tilth "$@"); COMP_CWORD=$#; _tilth; printf "%s\\n" "${COMPREPLY[@]}"',
          'bash',
          ...words
        ]).then(({ stdout, stderr }) => {
          assert.equal(stderr, '')
          return stdout.split('\n').filter(Boolean)
        })
      /** A shell waits for a daemon for a moment only: on a machine that is busy one presses the key again. */
      async function offers(expected: readonly string[], ...words: string[]): Promise<void> {
        let found = await ask(...words)
        for (let times = 1; times < 10 && found.length === 0; times++) found = await ask(...words)
        assert.deepEqual(found, expected)
      }
      await offers(['elements', 'seedling'], 'ask', ...cli.flags, '--model', '')
      await offers(['elements'], 'serve', '--help', ...cli.flags, 'el')
      await offers(['birds', 'garden\\ birds'], 'tune', ...cli.flags, '--datanet', '')
      await offers(['seedling'], 'models', ...cli.flags, 'se')
      await offers(['--json'], 'models', ...cli.flags, '--js')
      cli.calls.splice(0)
      // What is not registered anywhere, and whoever is asked elsewhere, is nobody's to say.
      assert.deepEqual(await ask('models', 'add', ...cli.flags, ''), [])
      assert.deepEqual(await ask('ask', '--api', 'http://192.0.2.1:4180', '--model', ''), [])
      assert.deepEqual(await ask('ask', '--api', 'http://127.0.0.1:9', '--as', '--model', ''), [])
      assert.deepEqual(cli.calls, [])
    } finally {
      await cli.stop()
    }
  })

  it('of another shell is refused', async () => {
    const { code, stderr } = await runCommand(['completion', 'tcsh'])
    assert.equal(code, 1)
    assert.match(stderr, /Allowed choices are bash, zsh, fish/)
  })

  it('and a mistake in what is typed is JSON where JSON is asked for', async () => {
    const { code, stdout } = await runCommand(['modles', '--json'])
    assert.equal(code, 1)
    assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'flag-invalid')
  })
})
