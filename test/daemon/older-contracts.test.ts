import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { networkFile } from '../../daemon/config/network-file.ts'
import { prepareFolder } from '../../daemon/local/network/folder.ts'
import { foundNetwork } from '../../daemon/local/network/founding.ts'
import { startLocalNetwork } from '../../daemon/local/network/network.ts'
import { leaveFolder, runningIn } from '../../daemon/running.ts'
import { startAnvil } from '../../node/chain/index.ts'
import { scratch } from '../harness/index.ts'

describe('a local network whose contracts another version deployed', function () {
  this.timeout(120_000)

  it('is refused by name before a daemon starts, with what can be done, and is left as it is', async () => {
    const root = join(await scratch('older-contracts'), 'net')
    await prepareFolder(root, false)
    const anvil = await startAnvil({ folder: join(root, 'chain') })
    const onStep = (): void => undefined
    await foundNetwork(root, anvil, { challengeSeconds: 2, onStep })
    await anvil.stop()
    await leaveFolder(root)
    // A contract that lacks what this version calls, as an older one does.
    const path = join(root, 'network.json')
    const file = networkFile.parse(JSON.parse(await readFile(path, 'utf8')))
    const { contracts } = file.chain
    const older = { ...file, chain: { ...file.chain, contracts: { ...contracts, models: contracts.escrow } } }
    await writeFile(path, JSON.stringify(older))
    const options = { folder: root, portBase: 0, chainPort: 0, challengeSeconds: 2, fresh: false, onStep }
    await assert.rejects(startLocalNetwork(options), {
      code: 'network.version',
      message: /is of another version of Tilth: the models contract at 0x[0-9a-f]{40} .* it has no \w+/,
      help: /with the version that made it; .* --folder DIR, or throw it away with --fresh/
    })
    assert.equal(await readFile(path, 'utf8'), JSON.stringify(older))
    assert.equal(await runningIn(root), undefined)
  })
})
