using Crawlers.Logs.Sources;

namespace Crawlers.Logs.Otlp;

/// <summary>How a body is written: application/x-protobuf or application/json.</summary>
public enum ExportEncoding
{
    Protobuf,
    Json,
}

/// <summary>What became of an ExportLogsServiceRequest.</summary>
public abstract record ExportRead
{
    ExportRead() { } // closed: the kinds below are all there are

    /// <param name="Chunks">One for each resource and scope; a line for each record, as flat JSON.</param>
    /// <param name="Accepted">Records in the chunks.</param>
    /// <param name="Refused">Records that are not, which the sender must not send again.</param>
    /// <param name="Why">Of the first that was refused; null when none was.</param>
    public sealed record Taken(IReadOnlyList<LogChunk> Chunks, int Accepted, int Refused, string? Why) : ExportRead;

    /// <summary>It is no such request: nothing of it is taken.</summary>
    /// <param name="Offset">The byte at which it cannot be read.</param>
    public sealed record Malformed(string Problem, long Offset) : ExportRead
    {
        public override string ToString() => $"Byte {Offset}: {Problem}.";
    }
}

/// <summary>Ends the reading of a request; never leaves <see cref="ReadExport"/>.</summary>
sealed class MalformedExport(string problem, long offset) : Exception(problem)
{
    public long Offset => offset;
}
