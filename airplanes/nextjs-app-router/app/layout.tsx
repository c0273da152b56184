import type { ReactNode } from "react";
import { currentUser } from "@/lib/auth";
import { Identify } from "./identify";

export default async function Layout({ children }: { children: ReactNode }) {
  const user = await currentUser();
  return (
    <html lang="en">
      <body>
        <Identify userId={user?.id ?? null} />
        {children}
      </body>
    </html>
  );
}
