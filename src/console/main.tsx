import './styles.css'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './api/client.ts'
import { useSignedIn } from './api/session.ts'
import { Toasts } from './components/toasts.tsx'
import { router } from './router.tsx'
import { SignIn } from './screens/sign-in.tsx'

// Style elements that dialogs add are let through by the page's content security policy only with its nonce.
setNonce(document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '')

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2000,
      // What the service refused it will refuse again; only the network is worth another try.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status < 500),
    },
  },
})

function App() {
  const signedIn = useSignedIn()
  return (
    <QueryClientProvider client={client} key={signedIn?.key ?? 'out'}>
      {signedIn ? <RouterProvider router={router} /> : <SignIn onOut={() => client.clear()} />}
      <Toasts />
    </QueryClientProvider>
  )
}

createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
