// Writes docs/LIMITS.md, every limit of every way in, from the code that keeps them: npm run limits
import { writeFile } from 'node:fs/promises'
import { limitsFile, limitsPage } from './limits/page.ts'

await writeFile(limitsFile, limitsPage())
