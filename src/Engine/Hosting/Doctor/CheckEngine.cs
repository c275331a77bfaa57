using System.Net;
using Engine.Hosting.CommandLine;

namespace Engine.Hosting.Doctor;

/// <summary>Whether an engine answers where the commands would ask, is ready, and knows their token.</summary>
static class CheckEngine
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="isDemanded">An address was named: then somebody must be there.</param>
    public static async Task<IReadOnlyList<Finding>> RunAsync(EngineAddress address, bool isDemanded, CancellationToken ct)
    {
        using var client = new EngineClient(address, Patience);
        try
        {
            var health = await client.AskAsync("/health/ready", ct);
            return [Ready(address, health), .. Degraded(health), Token(address, await client.AskAsync("/api/status", ct))];
        }
        catch (CommandException e)
        {
            var engine = isDemanded || e.Code != ExitCode.Unreachable
                ? Finding.Failed("engine", e.Message, e.Remedy ?? "check the address in --url or ENGINE_URL.")
                : Finding.Skipped("engine", $"none runs at {address.Url}; `engine run` starts it");
            return [engine, Finding.Skipped("token", "only a running engine can judge it")];
        }
    }

    static Finding Ready(EngineAddress address, EngineReply reply)
    {
        if (reply is { Status: HttpStatusCode.OK }) return Finding.Ok("engine", $"{address.Url} is ready");
        var failed = (reply.Body ?? default).Items("checks").Where(c => c.Text("status") == "failed").Select(c => $"{c.Text("name")}: {c.Text("detail")}").ToArray();
        return Finding.Failed("engine", $"{address.Url} answers {(int)reply.Status} and is not ready{(failed.Length == 0 ? "" : $": {string.Join("; ", failed)}")}.",
            "see the checks below and the engine's log; it becomes ready by itself once the cause is gone.");
    }

    static IEnumerable<Finding> Degraded(EngineReply reply) => (reply.Body ?? default).Items("checks").Where(c => c.Text("status") == "degraded")
        .Select(c => Finding.Warning(c.Text("name"), $"The engine says: {c.Text("detail")}", "do what it says; the check is ok by itself once the cause is gone."));

    static Finding Token(EngineAddress address, EngineReply reply) => (reply.Status, reply.Code) switch
    {
        (HttpStatusCode.OK, _) => Finding.Ok("token", $"the one from {address.TokenOrigin} is valid"),
        (HttpStatusCode.Unauthorized, _) when address.Token is null => Finding.Failed("token", "No token was given or found.",
            $"on the engine's machine run this as its user, who can read {{ENGINE_DATA}}/admin-token; else {EngineAddress.TokenHint}"),
        (HttpStatusCode.Unauthorized, var code) => Finding.Failed("token",
            $"The token from {address.TokenOrigin} is {Fate(code)} [{code}].", Replace(address)),
        (HttpStatusCode.Forbidden, var code) => Finding.Failed("token",
            $"The token from {address.TokenOrigin} is valid but has too low a role [{code}].", Replace(address)),
        var (status, code) => Finding.Failed("token", $"The token could not be tried: the engine answers {(int)status} [{code}] {reply.Detail}", "see the engine's log."),
    };

    static string Fate(string? code) => code switch
    {
        { } c when c.Contains("expired", StringComparison.Ordinal) => "expired",
        { } c when c.Contains("revoked", StringComparison.Ordinal) => "revoked",
        _ => "not known to this engine",
    };

    static string Replace(EngineAddress address) =>
        $"{(address.TokenOrigin == "ENGINE_TOKEN" ? "unset ENGINE_TOKEN" : $"remove what names {address.TokenOrigin}")} to use this machine's admin token, "
        + "or ask an admin for a new token: `engine tokens create --name … --role …`.";
}
