// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @title Digests and signers of statements under the network's one domain.
/// @notice The domain's verifying contract is the NodeRegistry for every contract, because a statement belongs to the
/// network and not to whichever contract happens to read it.
abstract contract StatementReader {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    address private immutable _domainAnchor;

    error BadSignature(address expected);

    constructor(address domainAnchor) {
        _domainAnchor = domainAnchor;
    }

    /// @dev Computed at each call, so that a chain that forks to another id does not accept the old one's statements.
    function _domainSeparator() internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, keccak256("Tilth"), keccak256("1"), block.chainid, _domainAnchor));
    }

    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(_domainSeparator(), structHash);
    }

    /// @dev False for anything that is no signature of `signer`: wrong length, high s, v other than 27 and 28, nobody.
    function _signedBy(bytes32 digest, bytes memory signature, address signer) internal pure returns (bool) {
        (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecover(digest, signature);
        return problem == ECDSA.RecoverError.NoError && recovered == signer && signer != address(0);
    }

    function _requireSigned(bytes32 digest, bytes memory signature, address signer) internal pure {
        if (!_signedBy(digest, signature, signer)) revert BadSignature(signer);
    }
}
