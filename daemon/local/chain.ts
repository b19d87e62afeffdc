import { startAnvil } from '../../node/chain/index.ts'
import { watchParent } from '../alive.ts'
import { makeFolder } from '../make-folder.ts'
import { requireFree, takeFolder } from '../running.ts'

/**
 * A chain of one's own until a signal, on its folder's state.
 * @throws ChainError `anvil.*`, also when it ends by itself
 */
export async function runChain(
  { folder, port, chainId }: { folder: string; port: number; chainId: number },
  onUp: (up: { rpc: string; port: number }) => void
): Promise<void> {
  await makeFolder(folder)
  await requireFree(folder)
  const anvil = await startAnvil({ folder, chainId, ...(port === 0 ? {} : { port }) })
  await takeFolder(folder)
  onUp({ rpc: anvil.rpcUrl, port: anvil.port })
  const asked = new Promise<undefined>(resolve => {
    const end = (): void => {
      resolve(undefined)
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
    void watchParent(end)
  })
  const died = await Promise.race([anvil.exited, asked])
  if (died !== undefined) throw died
  await anvil.stop()
  process.exit()
}
