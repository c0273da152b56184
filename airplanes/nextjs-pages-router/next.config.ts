import type { NextConfig } from "next";

// PostHog is reached through the app's own host: fewer events are lost to ad blockers.
const host = process.env.NEXT_PUBLIC_POSTHOG_HOST || "https://us.i.posthog.com";
const assets = host.replace(".i.", "-assets.i.");

const config: NextConfig = {
  skipTrailingSlashRedirect: true, // PostHog's paths end with a slash
  async rewrites() {
    return [
      { source: "/ingest/static/:path*", destination: `${assets}/static/:path*` },
      { source: "/ingest/array/:path*", destination: `${assets}/array/:path*` },
      { source: "/ingest/:path*", destination: `${host}/:path*` },
    ];
  },
};

export default config;
