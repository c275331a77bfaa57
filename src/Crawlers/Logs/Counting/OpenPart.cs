using Crawlers.Logs.Events;

namespace Crawlers.Logs.Counting;

/// <summary>One writer of a source while it is read: what is open of it, and what its lines are said to be.</summary>
sealed class OpenPart(AssembleEvents assembler)
{
    const byte Version = 1;

    public AssembleEvents Assembler { get; } = assembler;

    /// <summary>What counts for its lines; empty where nothing says so.</summary>
    public (string Service, string Release) From { get; set; } = ("", "");

    /// <summary>What times without year or date are near to.</summary>
    public DateTimeOffset Near { get; set; }

    /// <summary>When it was read last, by the monotonic clock.</summary>
    public long ReadAt { get; set; }

    /// <summary>With which a later process goes on.</summary>
    public byte[] Save()
    {
        using var memory = new MemoryStream();
        using var writer = new BinaryWriter(memory);
        writer.Write(Version);
        writer.Write(From.Service);
        writer.Write(From.Release);
        writer.Write(Near.UtcTicks);
        writer.Write(Assembler.Save());
        writer.Flush();
        return memory.ToArray();
    }

    /// <param name="now">By the caller's monotonic clock.</param>
    public void Restore(byte[] state, long now)
    {
        using var memory = new MemoryStream(state, writable: false);
        using var reader = new BinaryReader(memory);
        if (state.Length == 0 || reader.ReadByte() != Version) return;
        From = (reader.ReadString(), reader.ReadString());
        Near = new DateTimeOffset(reader.ReadInt64(), TimeSpan.Zero);
        ReadAt = now;
        Assembler.Restore(reader.ReadBytes((int)(memory.Length - memory.Position)), now);
    }
}
