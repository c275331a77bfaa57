using Engine.Http;

namespace Engine.Hosting.Doctor;

/// <summary>Whether the engine can tell its callers apart when a proxy stands in front.</summary>
static class CheckProxy
{
    public static Finding Run(HttpSettings http) => http switch
    {
        { BehindTls: false } => Finding.Ok("proxy", "none is stated"),
        { TrustedProxies.Count: > 0 } => Finding.Ok("proxy", $"callers' addresses are believed from {string.Join(", ", http.TrustedProxies)}"),
        _ => Finding.Warning("proxy",
            "Engine:Http:BehindTls is true and Engine:Http:TrustedProxies is empty: all callers have the proxy's address, share its rate limit and stand in the audit log with it.",
            "name the proxy's address or network in ENGINE__HTTP__TRUSTEDPROXIES (for example 10.0.0.7 or 10.0.0.0/24), and let it set X-Forwarded-For."),
    };
}
