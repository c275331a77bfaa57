namespace Engine.Http;

public static class RequestSource
{
    /// <summary>Where a request came from, for the audit log: the address, after trusted proxies were looked through.</summary>
    public static string Source(this HttpContext http) => http.Connection.RemoteIpAddress?.ToString() ?? "unknown";
}
