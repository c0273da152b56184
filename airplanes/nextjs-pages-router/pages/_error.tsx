import type { NextPageContext } from "next";
import NextError, { type ErrorProps } from "next/error";
import posthog from "posthog-js";

export default function ErrorPage({ statusCode }: ErrorProps) {
  return <NextError statusCode={statusCode} />;
}

ErrorPage.getInitialProps = async (context: NextPageContext) => {
  // Next.js catches an error of rendering, so exception autocapture does not see it. The server reports its own.
  if (typeof window !== "undefined" && context.err) posthog.captureException(context.err);
  return NextError.getInitialProps(context);
};
