// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title The signed statements that contracts check: the same EIP-712 structs as protocol/crypto/statements.ts.
/// @dev Flat structs. `abi.encode(TYPE, struct)` of a struct with static fields only is the EIP-712 encoding word for
/// word; where a field is a string its hash stands in its place. Golden vectors made by the TypeScript side hold both
/// together (test/vectors/statements.json).
library Statements {
    struct Datanet {
        address host;
        bytes32 rules;
        uint64 createdAt;
    }

    struct Commitment {
        bytes32 datanet;
        address contributor;
        bytes32 commitment;
        bytes32 rules;
        uint64 deadline;
        uint256 bond;
        uint64 bondSeconds;
    }

    struct Questions {
        bytes32 datanet;
        address writer;
        uint32 roster;
        bytes32 keyHash;
        bytes32 questions;
        bytes32 keys;
        uint64 deadline;
    }

    struct Vote {
        bytes32 contribution;
        address validator;
        bool accept;
        bytes32 outcome;
        bytes32 salt;
    }

    struct Version {
        bytes32 datanet;
        uint32 version;
        bytes32 root;
        uint32 count;
        string cid;
    }

    struct Release {
        bytes32 escrow;
        address worker;
        uint256 amount;
    }

    struct Voucher {
        bytes32 channel;
        uint256 cumulative;
    }

    struct Receipt {
        bytes32 channel;
        uint64 sequence;
        bytes32 previous;
        bytes32 model;
        bytes32 request;
        bytes32 response;
        uint32 inputTokens;
        uint32 outputTokens;
        uint256 fee;
        uint256 total;
        uint64 seed;
        uint64 startedAt;
        uint64 finishedAt;
        bool confidential;
    }

    bytes32 internal constant DATANET = keccak256("Datanet(address host,bytes32 rules,uint64 createdAt)");
    bytes32 internal constant COMMITMENT = keccak256(
        "Commitment(bytes32 datanet,address contributor,bytes32 commitment,bytes32 rules,uint64 deadline,uint256 bond,"
        "uint64 bondSeconds)"
    );
    bytes32 internal constant QUESTIONS = keccak256(
        "Questions(bytes32 datanet,address writer,uint32 roster,bytes32 keyHash,bytes32 questions,bytes32 keys,"
        "uint64 deadline)"
    );
    bytes32 internal constant VOTE =
        keccak256("Vote(bytes32 contribution,address validator,bool accept,bytes32 outcome,bytes32 salt)");
    bytes32 internal constant VERSION =
        keccak256("Version(bytes32 datanet,uint32 version,bytes32 root,uint32 count,string cid)");
    bytes32 internal constant RELEASE = keccak256("Release(bytes32 escrow,address worker,uint256 amount)");
    bytes32 internal constant VOUCHER = keccak256("Voucher(bytes32 channel,uint256 cumulative)");
    bytes32 internal constant RECEIPT = keccak256(
        "Receipt(bytes32 channel,uint64 sequence,bytes32 previous,bytes32 model,bytes32 request,bytes32 response,"
        "uint32 inputTokens,uint32 outputTokens,uint256 fee,uint256 total,uint64 seed,uint64 startedAt,"
        "uint64 finishedAt,bool confidential)"
    );

    function hash(Datanet memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(DATANET, s));
    }

    function hash(Commitment memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(COMMITMENT, s));
    }

    function hash(Questions memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(QUESTIONS, s));
    }

    function hash(Vote memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOTE, s));
    }

    function hash(Version memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(VERSION, s.datanet, s.version, s.root, s.count, keccak256(bytes(s.cid))));
    }

    function hash(Release memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(RELEASE, s));
    }

    function hash(Voucher memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOUCHER, s));
    }

    function hash(Receipt memory s) internal pure returns (bytes32) {
        return keccak256(abi.encode(RECEIPT, s));
    }
}
