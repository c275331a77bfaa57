using System.Security.Cryptography;
using System.Text;

namespace Engine.Database.Embedded;

/// <summary>
/// What PostgreSQL stores of a password (RFC 5803, SCRAM-SHA-256). It is made here, so that no statement, and with that no
/// log of statements, ever holds the password.
/// </summary>
static class ScramVerifier
{
    const int Iterations = 4096, SaltBytes = 16;

    /// <param name="password">Printable ASCII: other characters would have to be normalised first.</param>
    public static string Of(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        var salted = Rfc2898DeriveBytes.Pbkdf2(password, salt, Iterations, HashAlgorithmName.SHA256, SHA256.HashSizeInBytes);
        var storedKey = SHA256.HashData(HMACSHA256.HashData(salted, Encoding.ASCII.GetBytes("Client Key")));
        var serverKey = HMACSHA256.HashData(salted, Encoding.ASCII.GetBytes("Server Key"));
        return $"SCRAM-SHA-256${Iterations}:{Convert.ToBase64String(salt)}${Convert.ToBase64String(storedKey)}:{Convert.ToBase64String(serverKey)}";
    }
}
