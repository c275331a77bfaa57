using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Engine.Hosting.Health;

namespace Engine.Hosting;

/// <summary>What a browser sees at the address that the engine prints: how it does, and where to go on. Needs no token and shows no secrets.</summary>
public static class HomePage
{
    const string Style = """
        :root { color-scheme: light dark; --line: light-dark(#d8dde3, #30363d); --soft: light-dark(#57606a, #9198a1);
                --ok: light-dark(#1a7f37, #3fb950); --degraded: light-dark(#9a6700, #d29922); --failed: light-dark(#cf222e, #f85149); }
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1.25rem; background: light-dark(#fff, #0d1117); color: light-dark(#1f2328, #e6edf3); }
        h1 { font-size: 1.5rem; margin: 0; } p { margin: .25rem 0 1.75rem; color: var(--soft); }
        table { border-collapse: collapse; width: 100%; margin-bottom: 1.75rem; } td { border-top: 1px solid var(--line); padding: .55rem .75rem .55rem 0; vertical-align: top; }
        td:first-child, td:nth-child(2) { white-space: nowrap; } td:last-child { width: 100%; color: var(--soft); }
        .ok { color: var(--ok); } .degraded { color: var(--degraded); } .failed { color: var(--failed); }
        a { color: light-dark(#0969da, #4493f8); } ul { padding-left: 1.2rem; } code { font-size: .9em; overflow-wrap: anywhere; }
        """;

    static readonly string ContentSecurityPolicy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; "
        + "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    public static void MapHome(this IEndpointRouteBuilder app) => app.MapMethods("/", [HttpMethods.Get, HttpMethods.Head], Show).ExcludeFromDescription();

    static async Task<IResult> Show(HttpContext http, HealthSnapshot health, CancellationToken ct)
    {
        var snapshot = await health.GetAsync(ct);
        http.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
        return TypedResults.Content(Html(snapshot), "text/html; charset=utf-8");
    }

    static string Html(HealthSnapshot.Snapshot snapshot)
    {
        var rows = string.Concat(snapshot.Checks.Select(c =>
            $"<tr><td>{Text(c.Name)}</td><td class=\"{Word(c.Status)}\">{Sign(c.Status)} {Word(c.Status)}</td><td>{Text(c.Detail)}</td></tr>"));
        return $"""
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <meta http-equiv="refresh" content="5"><title>Autonomy Engine</title><style>{Style}</style></head><body><main>
            <h1>Autonomy Engine <span class="{(snapshot.IsReady ? "ok" : "failed")}">{(snapshot.IsReady ? "is ready" : "is not ready")}</span></h1>
            <p>Version {Text(EngineVersion.Text)}</p>
            <table>{rows}</table>
            <ul><li><a href="/openapi/v1.json">The REST API</a>, with a token: <code>Authorization: Bearer ae_…</code></li>
            <li><a href="/health/ready">Readiness</a> for probes, <code>/metrics</code> for Prometheus with a token</li>
            <li><code>engine status</code>, <code>engine doctor</code> and <code>engine --help</code> on the command line</li></ul>
            </main></body></html>
            """;
    }

    static string Text(string text) => HtmlEncoder.Default.Encode(text);

    static string Word(CheckStatus status) => status switch { CheckStatus.Ok => "ok", CheckStatus.Degraded => "degraded", _ => "failed" };

    static string Sign(CheckStatus status) => status switch { CheckStatus.Ok => "✓", CheckStatus.Degraded => "!", _ => "✗" };
}
