import { useState } from 'react'
import { useCall } from '../api/index.ts'
import { Button, Failure, Id } from '../parts/index.ts'
import { useActing } from './acting.ts'
import type { Person } from './acting.ts'
import { openWallet } from './connect.ts'
import type { WalletAccount } from './connect.ts'
import type { Wallet } from './discover.ts'
import { useWallets } from './use-wallets.ts'
import './signer.css'

/**
 * Who signs: this daemon's key, that of a person of its local network, or an account of a wallet in this browser, whose
 * key no daemon ever sees.
 */
export type Signer =
  | { readonly kind: 'daemon' }
  | ({ readonly kind: 'person' } & Person)
  | ({ readonly kind: 'wallet' } & WalletAccount)

interface SignerFieldProps {
  readonly signer: Signer
  readonly onChange: (signer: Signer) => void
  /** "Contribute as": what it is for. */
  readonly label: string
  /** Whether the person that one acts as can sign it; else this node's key or a wallet does. */
  readonly takesPerson?: boolean
}

/** Chooses who signs. */
export function SignerField({ signer, onChange, label, takesPerson = false }: SignerFieldProps) {
  const acting = useActing()
  const wallets = useWallets()
  const status = useCall('status')
  const [error, setError] = useState<Error>()
  const connect = async (wallet: Wallet): Promise<void> => {
    setError(undefined)
    try {
      const [account] = await openWallet(wallet)
      if (account !== undefined) onChange({ kind: 'wallet', ...account })
    } catch (cause) {
      setError(cause as Error)
    }
  }
  const isDaemon = signer.kind === 'daemon'
  return (
    <div className="signer" role="group" aria-label={label}>
      <p className="signer-label">{label}</p>
      <div className="signer-choices">
        <Button
          look={isDaemon ? 'main' : 'plain'}
          aria-pressed={isDaemon}
          onPress={() => {
            onChange({ kind: 'daemon' })
          }}
        >
          This node’s key
        </Button>
        {!takesPerson || acting === undefined ? null : (
          <Button
            look={signer.kind === 'person' ? 'main' : 'plain'}
            aria-pressed={signer.kind === 'person'}
            onPress={() => {
              onChange({ kind: 'person', ...acting })
            }}
          >
            {acting.name}’s key
          </Button>
        )}
        {wallets.map(wallet => {
          const isOn = signer.kind === 'wallet' && signer.wallet.id === wallet.id
          return (
            <Button
              key={wallet.id}
              look={isOn ? 'main' : 'plain'}
              aria-pressed={isOn}
              onPress={() => void connect(wallet)}
            >
              {wallet.name}
            </Button>
          )
        })}
      </div>
      <p className="signer-note">
        {isDaemon ? (
          <>
            Signed here as {status.data === undefined ? 'this node' : <Id id={status.data.address} />}.{' '}
            {wallets.length === 0 ? 'A wallet in this browser would be offered beside it.' : null}
          </>
        ) : signer.kind === 'person' ? (
          <>
            Signed as <Id id={signer.address} />, by {signer.name}’s key: it lies in this network’s folder, and this
            node signs by it.
          </>
        ) : (
          <>
            {signer.wallet.name} signs as <Id id={signer.address} />. Its key stays in the wallet.
          </>
        )}
      </p>
      {error === undefined ? null : <Failure error={error} />}
    </div>
  )
}
