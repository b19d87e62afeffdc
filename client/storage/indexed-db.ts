import { TilthError } from '../../protocol/primitives/index.ts'
import type { Rows, Storage } from '../types.ts'

const table = 'rows'

const failed = (cause: unknown): TilthError =>
  new TilthError('client.storage', 'this browser does not keep what was signed', {
    help: 'Allow this page to store data, and see that the disk has room: without that nothing can be paid safely.',
    cause
  })

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.addEventListener('success', () => {
      resolve(request.result)
    })
    request.addEventListener('error', () => {
      reject(failed(request.error))
    })
  })

/** Held until it is released: two pages that pay from one channel would promise the same money twice. */
async function lock(name: string): Promise<() => void> {
  const { locks } = navigator as { locks?: LockManager }
  if (locks === undefined)
    throw new TilthError('client.insecure', 'this page has no secure origin', {
      help: 'Serve it by https, or from this machine (http://127.0.0.1 or http://localhost).'
    })
  return new Promise((resolve, reject) => {
    locks
      .request(name, { ifAvailable: true }, got => {
        if (got === null) {
          reject(
            new TilthError('client.in-use', 'another page of this browser has this account open', {
              help: 'Close the other page, then load this one again.'
            })
          )
          return undefined
        }
        return new Promise<void>(release => {
          resolve(release)
        })
      })
      .catch(reject)
  })
}

/** What was signed, in the browser's own database. */
export const browserStorage = (): Storage => ({
  async open(name) {
    const release = await lock(name)
    try {
      const opening = indexedDB.open(name, 1)
      opening.addEventListener('upgradeneeded', () => {
        opening.result.createObjectStore(table)
      })
      const db = await done(opening)
      return rowsIn(db, release)
    } catch (error) {
      release()
      throw error instanceof TilthError ? error : failed(error)
    }
  }
})

function rowsIn(db: IDBDatabase, release: () => void): Rows {
  return {
    async all() {
      const store = db.transaction(table).objectStore(table)
      const [keys, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())])
      return (keys as string[]).map((key, i) => [key, String(values[i])] as const)
    },
    write: changes =>
      new Promise((resolve, reject) => {
        // strict: on the disk when it is complete, not only on its way there.
        const transaction = db.transaction(table, 'readwrite', { durability: 'strict' })
        transaction.addEventListener('complete', () => {
          resolve()
        })
        transaction.addEventListener('abort', () => {
          reject(failed(transaction.error))
        })
        const store = transaction.objectStore(table)
        for (const [key, text] of changes)
          if (text === null) store.delete(key)
          else store.put(text, key)
      }),
    async close() {
      db.close()
      release()
    }
  }
}
