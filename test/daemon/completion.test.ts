import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { Command } from 'commander'
import { commandTree, completionScript, shells } from '../../daemon/cli/completion/index.ts'
import { runCommand } from './command-line.ts'

/** What bash offers after these words, by a script. */
function offered(script: string, ...words: string[]): string[] {
  const ask = `${script}\nCOMP_WORDS=(tilth "$@"); COMP_CWORD=$#; _tilth; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', ask, 'bash', ...words], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
}

describe('completion', function () {
  this.timeout(60_000)

  it('offers in bash what may follow: commands, those of a group, options, and values where they are few', async () => {
    const { stdout: script, code } = await runCommand(['completion', 'bash'])
    assert.equal(code, 0)
    assert.ok(['ask', 'datanet', 'daemon', 'engine'].every(name => offered(script, '').includes(name)))
    assert.deepEqual(offered(script, 'sta'), ['status'])
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
