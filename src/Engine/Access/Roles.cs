namespace Engine.Access;

/// <summary>What a token may do, and the authorization policies of the same names: a policy lets its role and all above it pass.</summary>
public static class Roles
{
    /// <summary>Sees everything but tokens and the audit log.</summary>
    public const string Reader = "reader";

    /// <summary>Reads, and steers tasks, schedules and the engine.</summary>
    public const string Operator = "operator";

    /// <summary>Reads, and decides approvals.</summary>
    public const string Approver = "approver";

    /// <summary>Sends logs, and can do and see nothing else: for exporters and collectors.</summary>
    public const string Sender = "sender";

    /// <summary>May do all, tokens included.</summary>
    public const string Admin = "admin";

    public static IReadOnlyList<string> All { get; } = [Reader, Operator, Approver, Sender, Admin];

    /// <returns>The roles that satisfy a policy.</returns>
    public static string[] Satisfying(string policy) => policy switch
    {
        Reader => [Reader, Operator, Approver, Admin],
        Operator => [Operator, Admin],
        Approver => [Approver, Admin],
        Sender => [Sender, Operator, Admin],
        _ => [Admin],
    };
}
