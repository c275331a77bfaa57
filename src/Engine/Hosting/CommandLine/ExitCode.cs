using System.Net;

namespace Engine.Hosting.CommandLine;

/// <summary>What a command tells the script that called it; <c>engine --help</c> prints this table.</summary>
public enum ExitCode
{
    Done = 0,
    Failed = 1,
    Misuse = 2,
    Refused = 3,
    Unreachable = 4,

    /// <summary>Ctrl-C or a termination signal, as shells count it: 128 + SIGINT.</summary>
    Interrupted = 130,
}

public static class ExitCodes
{
    public static IReadOnlyList<(ExitCode Code, string Meaning)> All { get; } =
    [
        (ExitCode.Done, "done"),
        (ExitCode.Failed, "failed: the work was tried and did not succeed, or a check found something"),
        (ExitCode.Misuse, "misuse: wrong option, argument or client configuration"),
        (ExitCode.Refused, "refused: the engine said no (token, role, version, unknown name, bad value, rate)"),
        (ExitCode.Unreachable, "unreachable: no engine answers, or not in time"),
        (ExitCode.Interrupted, "interrupted by Ctrl-C or a signal"),
    ];

    /// <summary>A 5xx is a failure of the engine, any other answer that is not a success is its refusal.</summary>
    public static ExitCode Of(HttpStatusCode status) => (int)status switch
    {
        >= 200 and < 300 => ExitCode.Done,
        502 or 504 => ExitCode.Unreachable, // a proxy in front answers, the engine behind it does not
        >= 500 => ExitCode.Failed,
        _ => ExitCode.Refused,
    };
}
