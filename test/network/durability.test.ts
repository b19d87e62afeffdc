import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { contributeSigned } from '../../daemon/cli/commands/contribute.ts'
import { startDaemonProcess } from '../../daemon/local/network/child.ts'
import type { DaemonProcess } from '../../daemon/local/network/child.ts'
import { makePerson } from '../../daemon/local/network/founding.ts'
import type { LocalDaemon, LocalNetwork } from '../../daemon/local/network/network.ts'
import { unlessUnknown, until } from '../../daemon/local/loop/poll.ts'
import { createApiClient } from '../../daemon/api/contract/index.ts'
import type { ApiClient } from '../../daemon/api/contract/index.ts'
import { startFresh } from './start.ts'

/** Real daemons, killed with SIGKILL and started again on the folder they left. */
describe('daemons that are killed', function () {
  this.timeout(400_000)
  let folder = ''
  let network: LocalNetwork
  let stop = async (): Promise<void> => undefined
  const restarted: DaemonProcess[] = []
  before(async () => {
    // When they come back is what this test is about.
    ;({ folder, network, stop } = await startFresh('durability'))
  })
  after(async () => {
    for (const child of restarted) await child.stop()
    await stop()
  })
  const kill = async (daemon: LocalDaemon): Promise<void> => {
    process.kill(daemon.process.pid, 'SIGKILL')
    await daemon.process.ended
  }
  const start = async (daemon: LocalDaemon): Promise<ApiClient> => {
    const child = await startDaemonProcess(daemon.name, daemon.process.folder)
    restarted.push(child)
    return createApiClient((await child.ready(90_000)).url, daemon.token)
  }

  it('keep what they acknowledged, catch up with what they missed, and go on voting', async () => {
    const host = network.daemon('host')
    const validator = network.daemon('validator-2')
    const door = network.daemon('client')
    const validators = ['host', 'validator-1', 'validator-2'].map(name => ({
      address: network.daemon(name).address,
      weight: 1
    }))
    const net = await host.api.call('createDatanet', {
      body: {
        rules: {
          name: 'birds',
          description: '',
          licence: 'CC0-1.0',
          maxRows: 100,
          maxBytes: 100_000,
          uploadsPerContributor: 5,
          nearDuplicate: 500,
          minOwnShare: 500,
          validators,
          revealSeconds: 120,
          voteSeconds: 240
        },
        heldOut: '{"prompt":"Say the colour that the wren has.","response":"red"}\n'
      }
    })
    for (const daemon of network.daemons)
      await until(`${daemon.name} hearing of the Datanet`, 60, () =>
        unlessUnknown(daemon.api.call('datanet', { params: { id: net.id } }))
      )
    const ada = await makePerson(folder, 'ada')
    const rows = (start: number): string =>
      Array.from({ length: 5 }, (_, i) =>
        JSON.stringify({ prompt: `What is number ${start + i} in the list of birds?`, response: `bird ${start + i}` })
      ).join('\n')

    // A validator is away while a contribution comes in; all three are needed for more than two thirds.
    await kill(validator)
    const { id } = await contributeSigned(door.api, net.id, rows(0), ada.address, ada.privateKey)
    // The peer that took it is killed as soon as it has said so.
    await kill(door)
    const clientAgain = await start(door)
    const known = await until('the acknowledged contribution after the restart', 60, async () =>
      (await clientAgain.call('contributions', { params: { id: net.id } })).items.find(one => one.id === id)
    )
    assert.equal(known.contributor, ada.address)
    const before = await host.api.call('contributions', { params: { id: net.id } })
    assert.notEqual(before.items.find(one => one.id === id)?.status, 'accepted')

    const validatorAgain = await start(validator)
    for (const api of [host.api, validatorAgain, clientAgain]) {
      const decided = await until('acceptance with the third vote', 120, async () =>
        (await api.call('contributions', { params: { id: net.id } })).items.find(
          one => one.id === id && one.status === 'accepted'
        )
      )
      assert.equal(decided.own, 5)
    }

    // The host is killed after it has anchored a version.
    const version = await host.api.call('anchorVersion', { params: { id: net.id } })
    await kill(host)
    const hostAgain = await start(host)
    assert.deepEqual(
      (await hostAgain.call('versions', { params: { id: net.id } })).items.map(({ root }) => root),
      [version.root]
    )
    const late = await until('the version at a peer', 60, async () =>
      (await validatorAgain.call('versions', { params: { id: net.id } })).items.find(
        ({ root }) => root === version.root
      )
    )
    assert.equal(late.count, 1)
  })

  it('give agents their tools, by the protocol’s own client', async () => {
    const args = [join(import.meta.dirname, '../../daemon/cli/main.ts'), 'mcp', '--data', join(folder, 'net', 'client')]
    const agent = new Client({ name: 'test', version: '1.0.0' })
    await agent.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }))
    const { content } = await agent.callTool({ name: 'datanets', arguments: { search: 'birds' } })
    assert.match(JSON.stringify(content), /birds \(0x[0-9a-f]{64}\), CC0-1\.0.*1 contributions accepted/)
    const rows = [
      { prompt: 'Which bird sings at night?', response: 'The nightingale' },
      { prompt: 'What is number 0 in the list of birds?', response: 'bird 0' }
    ]
    const checked = await agent.callTool({ name: 'contribute', arguments: { datanet: 'birds', rows } })
    assert.match(JSON.stringify(checked.content), /1 of 2 rows would be kept/)
    await agent.close()
  })
})
