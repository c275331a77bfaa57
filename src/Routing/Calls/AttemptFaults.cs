using System.Net.Sockets;
using System.Text.Json;
using Routing.Providers.Wire;

namespace Routing.Calls;

/// <summary>What an exception of an attempt means, other than an error that the provider told of.</summary>
static class AttemptFaults
{
    /// <returns>Null for what no provider can cause.</returns>
    public static ProviderFault? Of(Exception exception, AttemptClock clock, AttemptWire wire, CallLimits limits) => exception switch
    {
        OperationCanceledException when clock.Token.IsCancellationRequested => wire.HasLeft ? OfDeadline(clock.Meaning, limits) : Unreachable("No connection in time."),
        OperationCanceledException when !wire.HasLeft => Unreachable("No connection in time."), // the pool's own limit
        HttpRequestException or IOException or SocketException when !wire.HasLeft => Unreachable("No connection."),
        OperationCanceledException or HttpRequestException or IOException or SocketException or ObjectDisposedException => Next(ErrorKind.Cut, "The connection was lost."),
        JsonException or InvalidDataException => Next(ErrorKind.Malformed, exception is InvalidDataException ? exception.Message : "The answer is no JSON of the kind that it should be."),
        _ => null,
    };

    static ProviderFault OfDeadline(ErrorKind meaning, CallLimits limits) => meaning switch
    {
        ErrorKind.Silent => Next(meaning, $"No sign of life within {limits.Silence}."),
        ErrorKind.NoFirstToken => Next(meaning, $"No content within {limits.FirstToken}."),
        ErrorKind.Stalled => Next(meaning, $"No sign of life for {limits.Idle}."),
        _ => new ProviderFault(ErrorKind.TooLong, new NextStep.FailToCaller(), Message: $"Not done within {limits.Total}."),
    };

    static ProviderFault Unreachable(string message) => Next(ErrorKind.Unreachable, message);

    static ProviderFault Next(ErrorKind kind, string message) => new(kind, new NextStep.NextRoute(), Message: message);
}
