import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { applyTheme } from '../theme/use-theme.ts'
import '../theme/index.css'
import { Alone } from './alone.tsx'

// A page of plain files: it asks no daemon. Whoever copies this folder somewhere puts a network.json beside it.

applyTheme()
const root = document.querySelector('#root')
if (root === null) throw new TypeError('the page has no #root')
createRoot(root).render(
  <StrictMode>
    <Alone />
  </StrictMode>
)
