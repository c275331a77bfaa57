using System.Buffers.Binary;
using System.Text;

namespace Support.Proxy;

/// <summary>Cuts a stream of PostgreSQL's protocol into messages, however it arrives in pieces.</summary>
/// <param name="hasStartup">The first message has no type, as those of clients.</param>
sealed class MessageCutter(bool hasStartup)
{
    /// <summary>Of a message longer than that only the beginning is kept.</summary>
    const int Kept = 64 * 1024;

    readonly MemoryStream body = new();
    readonly byte[] head = new byte[5];
    int headLength, left;
    bool isStartup = hasStartup;

    /// <returns>Type and content of each message that has become whole; type 0 is the start-up message.</returns>
    public IEnumerable<(char Type, byte[] Body)> Cut(byte[] piece)
    {
        for (var at = 0; at < piece.Length;)
        {
            var headSize = isStartup ? 4 : 5;
            if (headLength < headSize)
            {
                head[headLength++] = piece[at++];
                if (headLength < headSize) continue;
                left = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(headSize - 4, 4)) - 4;
                body.SetLength(0);
            }
            var count = Math.Min(left, piece.Length - at);
            if (body.Length < Kept) body.Write(piece, at, (int)Math.Min(count, Kept - body.Length));
            at += count;
            left -= count;
            if (left > 0) continue;
            var type = isStartup ? '\0' : (char)head[0];
            (headLength, isStartup) = (0, false);
            yield return (type, body.ToArray());
        }
    }
}

/// <summary>Follows what a client sends: who it is, and which statements it has carried out.</summary>
sealed class ClientMessages
{
    const int MostRemembered = 100;

    readonly MessageCutter cutter = new(hasStartup: true);
    readonly Dictionary<string, string> prepared = [];
    readonly List<string> statements = [];
    readonly Dictionary<string, int> seen = [];
    bool isInTransaction;
    int asked = 1; // the server says once on its own that it is ready: when the client has logged in

    public string ApplicationName { get; private set; } = "";

    public string Options { get; private set; } = "";

    public bool HasSeen(string sqlPart)
    {
        lock (seen) return seen.Keys.Any(s => s.Contains(sqlPart, StringComparison.OrdinalIgnoreCase));
    }

    public int Times(string sqlPart)
    {
        lock (seen) return seen.Where(s => s.Key.Contains(sqlPart, StringComparison.OrdinalIgnoreCase)).Sum(s => s.Value);
    }

    /// <returns>The commits that the piece asks for, explicit ones and those of statements outside of a transaction.</returns>
    public IReadOnlyList<AskedCommit> Read(ReadOnlySpan<byte> piece)
    {
        var commits = new List<AskedCommit>();
        foreach (var (type, body) in cutter.Cut(piece.ToArray()))
        {
            switch (type)
            {
                case '\0':
                    (ApplicationName, Options) = (ParameterOf(body, "application_name"), ParameterOf(body, "options"));
                    break;
                case 'P':
                    var (name, afterName) = Text(body, 0);
                    Remember(prepared[name] = Text(body, afterName).Text, times: 0);
                    break;
                case 'B':
                    statements.Add(prepared.GetValueOrDefault(Text(body, Text(body, 0).Next).Text, ""));
                    Remember(statements[^1], times: 1);
                    break;
                case 'Q':
                    Simple(Text(body, 0).Text);
                    break;
                case 'S':
                    End();
                    break;
            }
        }
        return commits;

        void Simple(string sql)
        {
            Remember(sql, times: 1);
            statements.Add(sql);
            if (Begins(sql, "begin")) isInTransaction = true;
            if (Begins(sql, "rollback")) statements.Clear();
            if (Begins(sql, "commit") || Begins(sql, "rollback")) isInTransaction = false;
            End();
        }

        void End()
        {
            asked++;
            if (isInTransaction) return;
            if (statements.Count > 0) commits.Add(new AskedCommit([.. statements], asked));
            statements.Clear();
        }
    }

    void Remember(string sql, int times)
    {
        lock (seen)
            if (seen.ContainsKey(sql) || seen.Count < MostRemembered) seen[sql] = seen.GetValueOrDefault(sql) + times;
    }

    static bool Begins(string sql, string word) => sql.StartsWith(word, StringComparison.OrdinalIgnoreCase);

    static string ParameterOf(byte[] startup, string name)
    {
        var words = Encoding.UTF8.GetString(startup.AsSpan(Math.Min(4, startup.Length))).Split('\0');
        var at = Array.IndexOf(words, name);
        return at >= 0 && at + 1 < words.Length ? words[at + 1] : "";
    }

    static (string Text, int Next) Text(byte[] body, int from)
    {
        var rest = body.AsSpan(Math.Min(from, body.Length));
        var end = rest.IndexOf((byte)0) is >= 0 and var found ? found : rest.Length;
        return (Encoding.UTF8.GetString(rest[..end]), from + end + 1);
    }
}

/// <param name="Statements">Of the transaction, in order.</param>
/// <param name="Answers">How often the server has said that it is ready once it has answered this, since the connection began.</param>
sealed record AskedCommit(IReadOnlyList<string> Statements, int Answers);

/// <summary>Follows what a server answers.</summary>
sealed class ServerMessages
{
    readonly MessageCutter cutter = new(hasStartup: false);

    /// <summary>How often it has said that it is ready.</summary>
    public int Answers { get; private set; }

    public void Read(ReadOnlySpan<byte> piece)
    {
        foreach (var (type, _) in cutter.Cut(piece.ToArray()))
            if (type == 'Z') Answers++;
    }
}
