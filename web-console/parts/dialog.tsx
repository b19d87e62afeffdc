import type { ReactNode } from 'react'
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { Button } from './button.tsx'
import './dialog.css'

interface DialogProps {
  readonly title: string
  readonly isOpen: boolean
  readonly close: () => void
  readonly children: ReactNode
  /** Buttons; one that closes unless given. */
  readonly actions?: ReactNode
}

/** A question or a detail over the page. */
export function Dialog({ title, isOpen, close, children, actions }: DialogProps) {
  return (
    <ModalOverlay
      className="overlay"
      isOpen={isOpen}
      isDismissable
      onOpenChange={open => {
        if (!open) close()
      }}
    >
      <Modal className="dialog">
        <AriaDialog>
          <Heading slot="title">{title}</Heading>
          <div className="dialog-body">{children}</div>
          <div className="dialog-actions">{actions ?? <Button onPress={close}>Close</Button>}</div>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}

interface ConfirmProps extends Omit<DialogProps, 'actions'> {
  /** What the button says: "Claim 0.12 TILTH". */
  readonly act: string
  readonly onAct: () => void
  readonly isBusy?: boolean
  readonly look?: 'main' | 'wrong'
}

/** Before money moves, or something is gone for good. */
export function Confirm({ act, onAct, isBusy = false, look = 'main', ...rest }: ConfirmProps) {
  return (
    <Dialog
      {...rest}
      actions={
        <>
          <Button onPress={rest.close}>Not now</Button>
          <Button look={look} onPress={onAct} isDisabled={isBusy}>
            {act}
          </Button>
        </>
      }
    />
  )
}
